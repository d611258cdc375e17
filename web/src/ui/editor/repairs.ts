// What the projection had to mend, in words, and the ways to settle it.
import { settle } from "../../model/commands.ts";
import type { Repair } from "../../model/schema.ts";
import type { Messages } from "../messages.ts";
import type { Entry } from "./menus.ts";
import type { View } from "./view.svelte.ts";
import { attempt } from "./work.ts";

const listed = 12; // places that the menu of all repairs names

/** What was mended, in words. */
export function repairWords(repair: Repair, text: Messages): string {
  return text.repairs[repair.kind];
}

/** The entries of the menu on one repair, or on all of them. */
export function repairEntries(view: View, repairs: readonly Repair[], text: Messages): Entry[] {
  const { studio } = view;
  const all: Entry = {
    name: repairs.length === 1 ? text.settle : text.settleAll,
    disabled: !studio.canEdit,
    run: () => attempt(studio, () => settle(studio.editor, repairs)),
  };
  if (repairs.length === 1) return [all];
  const places = repairs.slice(0, listed).map((repair) => placeEntry(view, repair, text));
  return [...places, "line", all];
}

function placeEntry(view: View, repair: Repair, text: Messages): Entry {
  const clip = repair.root === "clips" ? view.studio.clip(repair.id) : undefined;
  const words = repairWords(repair, text);
  return {
    name: clip ? `${view.studio.label(clip)}: ${words}` : words,
    run: () => {
      if (clip) {
        view.studio.select([clip.id]);
        view.reveal(clip.start);
      }
      const { x, y } = view.menu ?? { x: innerWidth / 2, y: innerHeight / 2 };
      view.openMenu({ x, y, on: { kind: "repair", repairs: [repair] } });
    },
  };
}
