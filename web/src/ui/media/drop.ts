// Dropping media on the timeline: where they would stand is shown, and there
// they stand when they have arrived.
import type { View } from "../editor/view.svelte.ts";
import { assetsOf, before, bringsMedia, framesOf, placeAsset } from "./place.ts";

/** Lets media be dropped on the content of a timeline. */
export function mediaDrop(view: View) {
  return (node: HTMLElement) => {
    const { studio } = view;
    const over = (event: DragEvent) => {
      if (!studio.canEdit || !bringsMedia(event)) return;
      event.preventDefault();
      const { frame, row } = view.at(event);
      const story = !row || row.track.kind === "story" ? studio.story : undefined;
      view.snapped = story ? edge(view, story.id, frame) : Math.max(0, Math.round(frame));
    };
    const leave = (event: DragEvent) => {
      if (!(event.relatedTarget instanceof Node) || !node.contains(event.relatedTarget))
        view.snapped = null;
    };
    const drop = (event: DragEvent) => {
      view.snapped = null;
      if (!studio.canEdit || !bringsMedia(event)) return;
      event.preventDefault();
      const { frame, row } = view.at(event);
      void land(view, event, { frame, track: row?.track.id });
    };
    node.addEventListener("dragover", over);
    node.addEventListener("dragleave", leave);
    node.addEventListener("drop", drop);
    return () => {
      node.removeEventListener("dragover", over);
      node.removeEventListener("dragleave", leave);
      node.removeEventListener("drop", drop);
    };
  };
}

// edge is where the story opens for something dropped at a frame.
function edge(view: View, track: string, frame: number): number {
  const found = view.studio.timeline.tracks.find(({ id }) => id === track);
  const after = found && before(found, frame);
  const clip = after ? view.studio.clip(after) : undefined;
  return clip ? clip.start + clip.length : 0;
}

async function land(
  view: View,
  event: DragEvent,
  to: { frame: number; track: string | undefined },
): Promise<void> {
  const { studio } = view;
  let { frame } = to;
  // The next one comes behind the one before it.
  const placed: string[] = [];
  for (const asset of await assetsOf(studio, event)) {
    const id = placeAsset(studio, asset, { frame, track: to.track });
    if (id === undefined) continue;
    placed.push(id);
    frame += framesOf(studio, asset);
  }
  if (placed.length > 0) studio.select(placed);
}
