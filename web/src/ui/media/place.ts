// Putting media into the cut and into scenes.
import { addTrack, insertClip, setRef } from "../../model/commands.ts";
import { timelineOf } from "../../model/project.ts";
import type { Track } from "../../model/schema.ts";
import { secondsToFrames } from "../../model/timecode.ts";
import type { Asset } from "../../sync/api.ts";
import type { Studio } from "../editor/studio.svelte.ts";
import { attempt } from "../editor/work.ts";

/** How long an image stands, and what nobody knows the length of; in seconds. */
const stillSeconds = 4;

/** What a drag of an asset from the list carries. */
export const assetType = "application/x-soratoo-asset";

/** Frames of the project that an asset lasts. */
export function framesOf(studio: Studio, asset: Asset): number {
  const seconds = asset.facts?.duration_ms ? asset.facts.duration_ms / 1000 : stillSeconds;
  return Math.max(1, secondsToFrames(seconds, studio.timeline.rate));
}

/** Whether a track can take an asset. */
export function fits(track: Track, asset: Pick<Asset, "kind">): boolean {
  if (track.locked) return false;
  return asset.kind === "audio"
    ? track.kind === "audio"
    : track.kind === "story" || track.kind === "video";
}

/** Puts an asset at a frame, on a track if it fits there, else on one where it does. Returns its clip. */
export function placeAsset(
  studio: Studio,
  asset: Asset,
  at: { frame: number; track?: string | undefined },
): string | undefined {
  const frame = Math.max(0, Math.round(at.frame));
  const label = asset.name.replace(/\.[^.]+$/, "");
  const clip = { source: { asset: asset.id }, length: framesOf(studio, asset), label };
  return attempt(studio, () => {
    // What was just put there counts, though it is not shown yet.
    const { tracks } = timelineOf(studio.editor.doc);
    const asked = tracks.find(({ id }) => id === at.track);
    const track = asked && fits(asked, asset) ? asked : trackFor(tracks, asset);
    if (track?.kind === "story")
      return insertClip(studio.editor, track.id, { ...clip, after: before(track, frame) });
    const id = track?.id ?? addTrack(studio.editor, asset.kind === "audio" ? "audio" : "video", "");
    return insertClip(studio.editor, id, { ...clip, start: frame });
  });
}

function trackFor(tracks: readonly Track[], asset: Asset): Track | undefined {
  const wanted = asset.kind === "audio" ? "audio" : "story";
  return tracks.find((track) => track.kind === wanted && !track.locked);
}

/** The clip of a story track that something dropped at a frame comes after. */
export function before(track: Track, frame: number): string | null {
  return track.clips.findLast(({ start, length }) => start + length / 2 <= frame)?.id ?? null;
}

/** Makes an asset a reference of a scene. */
export function addReference(studio: Studio, scene: string, asset: Asset): void {
  attempt(studio, () => setRef(studio.editor, scene, asset.id, { role: asset.kind }));
}

/** Whether a drag brings media: files, or assets from the list. */
export function bringsMedia(event: DragEvent): boolean {
  const types = event.dataTransfer?.types ?? [];
  return types.includes("Files") || types.includes(assetType);
}

/** The assets of a drop, when its files have arrived. */
export async function assetsOf(studio: Studio, event: DragEvent): Promise<Asset[]> {
  const id = event.dataTransfer?.getData(assetType);
  const known = id ? studio.library.assets.get(id) : undefined;
  if (known) return [known];
  return studio.library.add([...(event.dataTransfer?.files ?? [])]);
}
