// What the keys do in the editor, and the list of them that `?` shows.
import type { Clip } from "../../model/schema.ts";
import { duplicate } from "./pasteboard.ts";
import type { View } from "./view.svelte.ts";
import {
  blendChosen,
  changeTrack,
  chosen,
  lift,
  mark,
  nudge,
  removeRange,
  rippleDelete,
  slipBy,
  splitAt,
  trimTo,
} from "./work.ts";

/** The help: groups of keys, and for each the message that says what it does. */
export const keyHelp = [
  {
    group: "play",
    rows: [
      ["Space", "play"],
      ["J  K  L", "shuttle"],
      ["← →", "frame"],
      ["Shift ← →", "second"],
      ["↑ ↓", "cuts"],
      ["Home  End", "ends"],
      ["I  O  X", "range"],
      ["/", "loop"],
      ["F", "fullScreen"],
      ["0", "silence"],
    ],
  },
  {
    group: "choose",
    rows: [
      ["Tab  ↑ ↓", "focus"],
      ["PgUp  PgDn", "tracks"],
      ["Enter", "choose"],
      ["Ctrl Enter", "chooseMore"],
      ["D", "atPlayhead"],
      ["Ctrl A", "all"],
      ["Esc", "none"],
    ],
  },
  {
    group: "cut",
    rows: [
      ["S", "split"],
      ["B  V", "blade"],
      ["[  ]", "trim"],
      ["Alt ← →", "move"],
      ["Alt ↑ ↓", "changeTrack"],
      [",  .", "slip"],
      ["Delete", "remove"],
      ["Shift Delete", "lift"],
      ["T", "blend"],
      ["Ctrl X  C  V", "copy"],
      ["Ctrl D", "duplicate"],
      ["M", "mark"],
      ["Ctrl Z", "undo"],
      ["Ctrl Shift Z", "redo"],
    ],
  },
  {
    group: "view",
    rows: [
      ["+  −", "zoom"],
      ["Shift Z", "fit"],
      ["N", "snap"],
      ["Shift F10", "menu"],
      ["?", "keys"],
    ],
  },
  {
    group: "pointer",
    rows: [
      ["Ctrl …", "noSnap"],
      ["Alt …", "slipDrag"],
      ["Ctrl ⇕", "wheel"],
    ],
  },
] as const;

/** The clip that has the focus. */
function focused({ studio }: View): Clip | undefined {
  const id = document.activeElement?.closest<HTMLElement>("[data-clip]")?.dataset["clip"];
  return id === undefined ? undefined : studio.clip(id);
}

/** Does what a key asks for; false when it asks for nothing here. */
export function keyCommand(view: View, event: KeyboardEvent, inField: boolean): boolean {
  if (event.ctrlKey || event.metaKey) return withCommand(view, event, inField);
  if (inField) return false;
  if (event.altKey) return withAlt(view, event);
  return travel(view, event) || cut(view, event) || look(view, event) || shuttle(view, event);
}

function withCommand(view: View, event: KeyboardEvent, inField: boolean): boolean {
  const { studio } = view;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    // A prompt's own history is the shared one.
    if (inField && !inPrompt(event.target)) return false;
    if (key === "y" || event.shiftKey) studio.undo.redo();
    else studio.undo.undo();
    return true;
  }
  if (inField) return false;
  switch (key) {
    case "a":
      studio.select(studio.story?.clips.map(({ id }) => id) ?? []);
      return true;
    case "d":
      duplicate(view);
      return true;
    case "enter": {
      const clip = focused(view);
      if (clip) studio.toggle(clip.id);
      return clip !== undefined;
    }
    default:
      return false;
  }
}

function withAlt(view: View, event: KeyboardEvent): boolean {
  const { studio } = view;
  const step = event.shiftKey ? view.second : 1;
  const clips = chosen(studio, focused(view)?.id);
  switch (event.key) {
    case "ArrowLeft":
      nudge(studio, clips, -step);
      return true;
    case "ArrowRight":
      nudge(studio, clips, step);
      return true;
    case "ArrowUp":
      changeTrack(studio, clips, false);
      return true;
    case "ArrowDown":
      changeTrack(studio, clips, true);
      return true;
    default:
      return false;
  }
}

function travel(view: View, event: KeyboardEvent): boolean {
  const { studio } = view;
  const to = (frame: number) => {
    studio.play(0);
    studio.seek(frame);
    view.reveal(studio.playhead);
    return true;
  };
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight": {
      const step = event.shiftKey ? view.second : 1;
      return to(studio.playhead + (event.key === "ArrowLeft" ? -step : step));
    }
    case "ArrowUp":
      return along(view, -1) || to(view.cutFrom(studio.playhead, -1));
    case "ArrowDown":
      return along(view, 1) || to(view.cutFrom(studio.playhead, 1));
    case "PageUp":
      return across(view, -1);
    case "PageDown":
      return across(view, 1);
    case "Home":
      return to(0);
    case "End":
      return to(studio.length);
    case "Enter": {
      const clip = focused(view);
      if (!clip) return false;
      studio.select([clip.id]);
      return to(clip.start);
    }
    default:
      return false;
  }
}

// along takes the focus to the next clip of its track, and the playhead with it.
function along(view: View, by: 1 | -1): boolean {
  const clip = focused(view);
  const clips = view.studio.timeline.tracks.find(({ id }) => id === clip?.track)?.clips ?? [];
  const next = clip && clips[clips.indexOf(clip) + by];
  if (next) view.focus(next);
  return clip !== undefined;
}

// across takes the focus to the clip at the playhead of the next track that has one.
function across(view: View, by: 1 | -1): boolean {
  const clip = focused(view);
  const { tracks } = view.studio.timeline;
  const at = tracks.findIndex(({ id }) => id === clip?.track);
  const way = by > 0 ? tracks.slice(at + 1) : tracks.slice(0, Math.max(0, at)).reverse();
  const frame = clip?.start ?? view.studio.playhead;
  for (const { clips } of way) {
    const next = clips.find(({ start, length }) => start + length > frame) ?? clips.at(-1);
    if (!next) continue;
    view.focus(next);
    return true;
  }
  return clip !== undefined;
}

function cut(view: View, event: KeyboardEvent): boolean {
  const { studio } = view;
  const clips = () => chosen(studio, focused(view)?.id);
  switch (event.key) {
    case "Delete":
    case "Backspace":
      remove(view, event.shiftKey);
      return true;
    case "s":
    case "S":
      splitAt(studio, view.under(studio.playhead), studio.playhead);
      return true;
    case "[":
      trimTo(studio, clips(), "head", studio.playhead);
      return true;
    case "]":
      trimTo(studio, clips(), "tail", studio.playhead);
      return true;
    case ",":
    case "<":
      slipBy(studio, clips(), event.shiftKey ? -view.second : -1);
      return true;
    case ".":
    case ">":
      slipBy(studio, clips(), event.shiftKey ? view.second : 1);
      return true;
    case "t":
    case "T":
      blendChosen(studio, clips());
      return true;
    case "m":
    case "M":
      view.naming = mark(studio, studio.playhead) ?? null;
      return true;
    case "d":
    case "D":
      if (studio.current) studio.select([studio.current.id]);
      return true;
    default:
      return false;
  }
}

function remove(view: View, keepHole: boolean): void {
  const { studio } = view;
  const { from, to } = view.range;
  const clip = focused(view);
  if (studio.selection.size === 0 && from !== null && to !== null) {
    removeRange(studio, [from, to], !keepHole);
    view.range = { from: null, to: null };
    return;
  }
  if (studio.selection.size === 0 && !clip) return;
  const clips = chosen(studio, clip?.id);
  if (clip && clips.includes(clip)) view.keepFocus(clip, clips);
  if (keepHole) lift(studio, clips);
  else rippleDelete(studio, clips);
}

function look(view: View, event: KeyboardEvent): boolean {
  const { studio } = view;
  switch (event.key) {
    case "Escape":
      if (view.blade) view.blade = false;
      else studio.select([]);
      studio.unfollow();
      return true;
    case "+":
    case "=":
      view.zoomBy(1.4);
      return true;
    case "-":
      view.zoomBy(1 / 1.4);
      return true;
    case "Z":
      view.fit();
      return true;
    case "n":
    case "N":
      view.snapping = !view.snapping;
      return true;
    case "b":
    case "B":
      view.blade = true;
      return true;
    case "v":
    case "V":
      view.blade = false;
      return true;
    default:
      return false;
  }
}

function shuttle(view: View, event: KeyboardEvent): boolean {
  const { studio } = view;
  switch (event.key.toLowerCase()) {
    case " ":
      if (event.target instanceof HTMLButtonElement) return false;
      studio.play(studio.speed === 0 ? 1 : 0);
      return true;
    case "j":
      studio.play(studio.speed < 0 ? Math.max(-8, studio.speed * 2) : -1);
      return true;
    case "k":
      studio.play(0);
      return true;
    case "l":
      studio.play(studio.speed > 0 ? Math.min(8, studio.speed * 2) : 1);
      return true;
    case "i":
      view.setRange({ from: studio.playhead });
      return true;
    case "o":
      view.setRange({ to: studio.playhead });
      return true;
    case "x":
      view.range = { from: null, to: null };
      return true;
    default:
      return false;
  }
}

function inPrompt(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(".cm-content") !== null;
}
