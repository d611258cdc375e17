// Copy, cut and paste of clips through the system's clipboard, also from one
// project to another. Where the system gives no access, the page remembers.
import {
  copyClips,
  deleteClips,
  duplicateClips,
  parseClipboard,
  pasteClips,
} from "../../model/commands.ts";
import type { View } from "./view.svelte.ts";
import { attempt, chosen } from "./work.ts";

const type = "application/x-soratoo-clips+json";
const kept = "clips"; // where the browser keeps the last copy, for its other pages

/** Fills a copy or cut event with the clips selected; false when there are none. */
export function onCopy(view: View, event: ClipboardEvent): boolean {
  const clips = [...view.studio.selection];
  if (clips.length === 0 || !event.clipboardData) return false;
  const words = JSON.stringify(copyClips(view.studio.editor, clips));
  event.clipboardData.setData(type, words);
  event.clipboardData.setData("text/plain", words);
  remember(words);
  event.preventDefault();
  if (event.type === "cut") attempt(view.studio, () => deleteClips(view.studio.editor, clips));
  return true;
}

/** Pastes what a paste event brings, when it is clips. */
export function onPaste(view: View, event: ClipboardEvent): boolean {
  const words =
    event.clipboardData?.getData(type) || event.clipboardData?.getData("text/plain") || "";
  if (!looksLikeClips(words)) return false;
  event.preventDefault();
  paste(view, words);
  return true;
}

/** Copies what is selected, as the keys do. */
export function copySelection(view: View): void {
  if (!document.execCommand("copy")) rememberSelection(view);
}

/** Cuts what is selected, as the keys do. */
export function cutSelection(view: View): void {
  const clips = [...view.studio.selection];
  copySelection(view);
  if (clips.length > 0) attempt(view.studio, () => deleteClips(view.studio.editor, clips));
}

/** Pastes what the clipboard has; what this browser copied last where the clipboard is not open to the page. */
export async function pasteHere(view: View): Promise<void> {
  let words = "";
  try {
    words = await navigator.clipboard.readText();
  } catch {
    // Not allowed, or not served securely.
  }
  paste(view, looksLikeClips(words) ? words : recall());
}

/** A copy of what is chosen, right behind it. */
export function duplicate(view: View): void {
  const { studio } = view;
  const clips = chosen(studio, view.active).map(({ id }) => id);
  const made = attempt(studio, () => duplicateClips(studio.editor, clips));
  if (made) studio.select(made);
}

function paste(view: View, words: string): void {
  const { studio } = view;
  const after = studio.current ? { after: studio.current.id } : {};
  const made = attempt(studio, () =>
    pasteClips(studio.editor, parseClipboard(words), { ...after, start: studio.playhead }),
  );
  if (made) studio.select(made);
}

function looksLikeClips(words: string): boolean {
  return words.startsWith("{") && words.includes('"soratoo/clips"');
}

function rememberSelection({ studio }: View): void {
  const clips = [...studio.selection];
  if (clips.length > 0) remember(JSON.stringify(copyClips(studio.editor, clips)));
}

let last = "";

function remember(words: string): void {
  last = words;
  try {
    localStorage.setItem(kept, words);
  } catch {
    // A browser that keeps nothing, or a copy too large for it.
  }
}

function recall(): string {
  try {
    return localStorage.getItem(kept) ?? last;
  } catch {
    return last;
  }
}
