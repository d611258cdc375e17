import type { Studio } from "./studio.svelte.ts";

/** One row of the help: keys and the message that says what they do. */
export const keyHelp = [
  ["Space", "play"],
  ["J  K  L", "shuttle"],
  ["← →", "frame"],
  ["Shift ← →", "tenFrames"],
  ["Home  End", "ends"],
  ["S", "split"],
  ["[  ]", "trim"],
  ["Alt ← →", "move"],
  ["Delete", "remove"],
  ["Ctrl Z", "undo"],
  ["Ctrl Shift Z", "redo"],
  ["Ctrl C  Ctrl V", "copy"],
  ["Ctrl A", "all"],
  ["+  −", "zoom"],
  ["Esc", "none"],
  ["?", "keys"],
] as const;

/** Does what a key asks for; false when it asks for nothing here. */
export function keyCommand(studio: Studio, event: KeyboardEvent, inField: boolean): boolean {
  const command = event.ctrlKey || event.metaKey;
  if (command) return withCommand(studio, event, inField);
  if (inField || event.altKey) return false;
  return plain(studio, event) || shuttle(studio, event.key.toLowerCase());
}

function withCommand(studio: Studio, event: KeyboardEvent, inField: boolean): boolean {
  switch (event.key.toLowerCase()) {
    case "z":
      if (inField && !inPrompt(event.target)) return false;
      if (event.shiftKey) studio.undo.redo();
      else studio.undo.undo();
      return true;
    case "y":
      if (inField && !inPrompt(event.target)) return false;
      studio.undo.redo();
      return true;
    case "c":
      if (inField || studio.selection.size === 0) return false;
      studio.copy();
      return true;
    case "v":
      if (inField) return false;
      studio.paste();
      return true;
    case "a":
      if (inField) return false;
      studio.select(studio.story?.clips.map(({ id }) => id) ?? []);
      return true;
    default:
      return false;
  }
}

function plain(studio: Studio, event: KeyboardEvent): boolean {
  const onButton = event.target instanceof HTMLButtonElement;
  switch (event.key) {
    case " ":
      if (onButton) return false;
      studio.play(studio.speed === 0 ? 1 : 0);
      return true;
    case "ArrowLeft":
    case "ArrowRight": {
      const step = (event.shiftKey ? 10 : 1) * (event.key === "ArrowLeft" ? -1 : 1);
      studio.play(0);
      studio.seek(studio.playhead + step);
      return true;
    }
    case "Home":
      studio.seek(0);
      return true;
    case "End":
      studio.seek(studio.length);
      return true;
    case "Delete":
    case "Backspace":
      studio.removeSelected();
      return true;
    case "Escape":
      studio.select([]);
      if (studio.following !== null) studio.follow(null);
      return true;
    case "+":
    case "=":
      studio.setZoom(studio.zoom * 1.4);
      return true;
    case "-":
      studio.setZoom(studio.zoom / 1.4);
      return true;
    default:
      return false;
  }
}

function shuttle(studio: Studio, key: string): boolean {
  switch (key) {
    case "j":
      studio.play(studio.speed < 0 ? Math.max(-8, studio.speed * 2) : -1);
      return true;
    case "k":
      studio.play(0);
      return true;
    case "l":
      studio.play(studio.speed > 0 ? Math.min(8, studio.speed * 2) : 1);
      return true;
    case "s":
      studio.split();
      return true;
    default:
      return false;
  }
}

// A prompt's own history is the shared one.
function inPrompt(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(".cm-content") !== null;
}
