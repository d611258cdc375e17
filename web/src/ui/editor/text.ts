// A shared text in an editor: CodeMirror bound to a Y.Text, with the carets and
// selections of others drawn in it.
import { defaultKeymap } from "@codemirror/commands";
import { EditorState, type Extension, RangeSet, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  placeholder,
  WidgetType,
} from "@codemirror/view";
import { YSyncConfig, ySync, ySyncFacet } from "y-codemirror.next";
import * as Y from "yjs";
import type { Presence } from "../../model/presence.ts";
import type { SceneTextField } from "../../model/schema.ts";
import { ink } from "../color.ts";
import { blameField, type Naming, showWriters } from "./blame.ts";
import type { Studio } from "./studio.svelte.ts";

export type TextEditorOptions = {
  parent: HTMLElement;
  shared: Y.Text;
  scene: string;
  field: SceneTextField;
  single: boolean;
  label: string;
  hint: string;
  testid: string;
  editable: boolean;
  studio: Studio;
};

export type TextEditor = {
  showOthers(everybody: Presence[]): void;
  /** Colours the text by who wrote it; null takes the colours away. */
  showWriters(naming: Naming | null): void;
  close(): void;
};

/** A name beside a caret goes after this long without a move, in milliseconds. */
const nameTime = 2500;

type Remote = { client: number; name: string; color: string; anchor: number; head: number };

const setRemotes = StateEffect.define<Remote[]>();

const remotes = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setRemotes)) next = draw(effect.value);
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function draw(list: Remote[]): DecorationSet {
  const ranges = list.flatMap(({ client, name, color, anchor, head }) => {
    const caret = Decoration.widget({
      widget: new Caret(client, name, color),
      side: head < anchor ? -1 : 1,
    }).range(head);
    if (anchor === head) return [caret];
    const mark = Decoration.mark({ attributes: { style: `background:${color}40` } });
    return [mark.range(Math.min(anchor, head), Math.max(anchor, head)), caret];
  });
  return RangeSet.of(ranges, true);
}

class Caret extends WidgetType {
  private readonly client: number;
  private readonly name: string;
  private readonly color: string;

  constructor(client: number, name: string, color: string) {
    super();
    this.client = client;
    this.name = name;
    this.color = color;
  }

  override eq(other: Caret): boolean {
    return other.client === this.client && other.name === this.name && other.color === this.color;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "remote-caret";
    caret.style.setProperty("--who", this.color);
    caret.style.setProperty("--ink", ink(this.color));
    // The name is drawn, not written: it is no part of the text.
    caret.dataset["name"] = this.name;
    setTimeout(() => caret.classList.add("quiet"), nameTime);
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const theme = EditorView.theme({
  "&": { fontFamily: "inherit", fontSize: "inherit", color: "inherit" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { padding: "4px 6px", fontFamily: "inherit", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.45", overflow: "visible" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-placeholder": { color: "var(--faint)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    {
      background: "color-mix(in srgb, var(--accent) 34%, transparent)",
    },
  ".remote-caret": {
    position: "relative",
    borderLeft: "2px solid var(--who)",
    marginLeft: "-1px",
    marginRight: "-1px",
  },
  ".remote-caret::after": {
    content: "attr(data-name)",
    position: "absolute",
    zIndex: "3",
    top: "-1.25em",
    left: "-2px",
    padding: "0 5px",
    borderRadius: "4px 4px 4px 0",
    background: "var(--who)",
    color: "var(--ink)",
    fontSize: "10.5px",
    fontWeight: "650",
    lineHeight: "1.35",
    whiteSpace: "nowrap",
    pointerEvents: "none",
    transition: "opacity 120ms",
  },
  ".remote-caret.quiet::after": { opacity: "0" },
  ".remote-caret:hover::after": { opacity: "1" },
});

/** Opens an editor on a shared text. What is typed is undone by the studio's undo. */
export function openTextEditor(options: TextEditorOptions): TextEditor {
  const { shared, studio, parent } = options;
  const config = new YSyncConfig(shared, studio.session.awareness);
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: shared.toString(),
      extensions: [ySyncFacet.of(config), ySync, ...extensions(options)],
    }),
  });
  studio.undo.track(config);
  let shownTo = "";
  let open = true;
  return {
    showWriters(naming) {
      // The editor may be in the middle of taking the change that this is about.
      queueMicrotask(() => {
        if (open) showWriters(view, shared, naming);
      });
    },
    showOthers(everybody) {
      const list = remotesIn(options, everybody);
      const key = JSON.stringify(list);
      if (key === shownTo) return;
      shownTo = key;
      view.dispatch({ effects: setRemotes.of(list) });
    },
    close() {
      open = false;
      studio.undo.untrack(config);
      view.destroy();
    },
  };
}

function extensions({
  single,
  label,
  hint,
  testid,
  editable,
  studio,
  scene,
  field,
  shared,
}: TextEditorOptions): Extension[] {
  return [
    drawSelection(),
    EditorView.lineWrapping,
    theme,
    remotes,
    blameField,
    placeholder(hint),
    EditorState.readOnly.of(!editable),
    EditorView.editable.of(editable),
    single ? EditorState.transactionFilter.of((tr) => (tr.newDoc.lines > 1 ? [] : tr)) : [],
    keymap.of(defaultKeymap),
    EditorView.contentAttributes.of({
      "aria-label": label,
      spellcheck: "true",
      autocapitalize: "sentences",
      ...(testid ? { "data-testid": testid } : {}),
    }),
    EditorView.updateListener.of(({ view, selectionSet, focusChanged, docChanged }) => {
      if (!selectionSet && !focusChanged && !docChanged) return;
      if (!view.hasFocus) {
        if (focusChanged) studio.presence.setCursor({ text: undefined });
        return;
      }
      const { anchor, head } = view.state.selection.main;
      const relative = (at: number) =>
        Y.relativePositionToJSON(
          Y.createRelativePositionFromTypeIndex(shared, Math.min(at, shared.length), -1),
        );
      // The text may be a step ahead of the shared one inside this very change.
      queueMicrotask(() =>
        studio.presence.setCursor({
          scene,
          text: { scene, field, anchor: relative(anchor), head: relative(head) },
        }),
      );
    }),
  ];
}

function remotesIn(
  { scene, field, studio, shared }: TextEditorOptions,
  everybody: Presence[],
): Remote[] {
  const doc = studio.session.timeline;
  const absolute = (json: unknown): number | null => {
    try {
      const position = Y.createAbsolutePositionFromRelativePosition(
        Y.createRelativePositionFromJSON(json),
        doc,
      );
      return position?.type === shared ? Math.min(position.index, shared.length) : null;
    } catch {
      return null; // a position that somebody else made up
    }
  };
  return everybody.flatMap(({ client, name, color, cursor, self }) => {
    if (self || cursor.text?.scene !== scene || cursor.text.field !== field) return [];
    const anchor = absolute(cursor.text.anchor);
    const head = absolute(cursor.text.head);
    return anchor === null || head === null ? [] : [{ client, name, color, anchor, head }];
  });
}
