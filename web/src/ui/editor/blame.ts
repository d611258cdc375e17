// Words of a text in the colour of who wrote them.
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import type * as Y from "yjs";
import { writtenBy } from "../../model/blame.ts";
import type { Person } from "../../sync/api.ts";

type Part = { from: number; to: number; color: string; words: string };

const setParts = StateEffect.define<Part[]>();

/** Shows what showWriters has said; what is typed since has no colour yet. */
export const blameField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setParts)) next = Decoration.set(effect.value.map(draw));
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function draw({ from, to, color, words }: Part) {
  const style = `background:${color}38;box-shadow:inset 0 -2px ${color}`;
  return Decoration.mark({ class: "written", attributes: { style, title: words } }).range(from, to);
}

/** How to name the writer of a part. */
export type Naming = { person: (client: number) => Person; say: (name: string) => string };

/** Colours a text by who wrote it, or no longer when nobody is to be named. */
export function showWriters(view: EditorView, shared: Y.Text, naming: Naming | null): void {
  const parts: Part[] = [];
  for (const { from, to, client } of naming ? writtenBy(shared) : []) {
    if (!naming || to > view.state.doc.length) break;
    const { name, color } = naming.person(client);
    parts.push({ from, to, color, words: naming.say(name) });
  }
  view.dispatch({ effects: setParts.of(parts) });
}
