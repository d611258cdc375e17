// What the menus of the timeline offer.
import {
  addTrack,
  attachClip,
  deleteMarker,
  deleteTrack,
  detachClips,
  setGap,
  setMarker,
} from "../../model/commands.ts";
import type { Clip, Track, TrackKind } from "../../model/schema.ts";
import type { Messages } from "../messages.ts";
import { copySelection, cutSelection, duplicate, pasteHere } from "./pasteboard.ts";
import { repairEntries } from "./repairs.ts";
import type { MenuTarget, View } from "./view.svelte.ts";
import {
  attempt,
  blendBy,
  blendChosen,
  changeTrack,
  chosen,
  lift,
  mark,
  moveTrackTo,
  nextOf,
  nudge,
  rippleDelete,
  splitAt,
  trackOf,
} from "./work.ts";

/** A line between entries, or something to do. */
export type Entry =
  | "line"
  | { name: string; keys?: string; disabled?: boolean; danger?: boolean; run: () => void };

/** The entries of the menu on something. */
export function entriesFor(view: View, on: MenuTarget, text: Messages): Entry[] {
  switch (on.kind) {
    case "clip": {
      const clip = view.studio.clip(on.id);
      return clip ? clipEntries(view, clip, text) : [];
    }
    case "gap":
      return [
        {
          name: text.closeGap,
          run: () => attempt(view.studio, () => setGap(view.studio.editor, on.id, 0)),
        },
      ];
    case "track": {
      const track = view.studio.timeline.tracks.find(({ id }) => id === on.id);
      return track ? trackEntries(view, track, text) : [];
    }
    case "marker":
      return markerEntries(view, on.id, text);
    case "repair":
      return repairEntries(view, on.repairs, text);
    case "tracks":
      return newTracks(view, null, text);
    case "ground":
      return groundEntries(view, on, text);
  }
}

function clipEntries(view: View, clip: Clip, text: Messages): Entry[] {
  const { studio } = view;
  const clips = chosen(studio, clip.id);
  const off = !studio.canEdit || clips.every((one) => trackOf(studio, one)?.locked);
  const { playhead } = studio;
  const inside = clips.filter(({ start, length }) => playhead > start && playhead < start + length);
  const next = nextOf(studio, clip);
  return [
    {
      name: text.split,
      keys: "S",
      disabled: off || inside.length === 0,
      run: () => splitAt(studio, inside, playhead),
    },
    {
      name: clip.transition ? text.removeTransition : text.addDissolve,
      keys: "T",
      disabled: off || !next,
      run: () => blendChosen(studio, clips),
    },
    {
      name: text.addWipe,
      disabled: off || !next,
      run: () => blendBy(studio, clip.id, clip.transition?.length ?? 24, "wipe"),
    },
    { name: text.gainOf, disabled: off, run: () => (view.tuning = { kind: "clip", id: clip.id }) },
    "line",
    { name: text.cutClips, keys: "Ctrl X", disabled: off, run: () => cutSelection(view) },
    { name: text.copyClips, keys: "Ctrl C", run: () => copySelection(view) },
    { name: text.pasteClips, keys: "Ctrl V", disabled: off, run: () => void pasteHere(view) },
    { name: text.duplicate, keys: "Ctrl D", disabled: off, run: () => duplicate(view) },
    "line",
    { name: text.moveEarlier, keys: "Alt ←", disabled: off, run: () => nudge(studio, clips, -1) },
    { name: text.moveLater, keys: "Alt →", disabled: off, run: () => nudge(studio, clips, 1) },
    {
      name: text.trackUp,
      keys: "Alt ↑",
      disabled: off,
      run: () => changeTrack(studio, clips, false),
    },
    {
      name: text.trackDown,
      keys: "Alt ↓",
      disabled: off,
      run: () => changeTrack(studio, clips, true),
    },
    ...tieEntries(view, clip, text, off),
    "line",
    {
      name: text.removeClip,
      keys: "Del",
      disabled: off,
      danger: true,
      run: () => rippleDelete(studio, clips),
    },
    {
      name: text.liftClip,
      keys: "Shift Del",
      disabled: off,
      danger: true,
      run: () => lift(studio, clips),
    },
  ];
}

function tieEntries({ studio }: View, clip: Clip, text: Messages, disabled: boolean): Entry[] {
  if (trackOf(studio, clip)?.kind === "story") return [];
  if (clip.anchor !== null) {
    const run = () => attempt(studio, () => detachClips(studio.editor, [clip.id]));
    return [{ name: text.detach, disabled, run }];
  }
  const under = studio.clipAt(clip.start);
  if (!under) return [];
  const run = () => attempt(studio, () => attachClip(studio.editor, clip.id, under.id));
  return [{ name: text.attach, disabled, run }];
}

function trackEntries(view: View, track: Track, text: Messages): Entry[] {
  const { studio } = view;
  const { tracks } = studio.timeline;
  const at = tracks.indexOf(track);
  const off = !studio.canEdit || track.order === "";
  const stories = tracks.filter(({ kind }) => kind === "story").length;
  const last = tracks.findLastIndex(({ order }) => order !== "");
  return [
    { name: text.rename, disabled: off, run: () => (view.naming = track.id) },
    {
      name: text.gainOf,
      disabled: off || track.kind === "caption",
      run: () => (view.tuning = { kind: "track", id: track.id }),
    },
    "line",
    {
      name: text.moveUp,
      disabled: off || at <= 0,
      run: () => moveTrackTo(studio, track.id, tracks[at - 2]?.id ?? null),
    },
    {
      name: text.moveDown,
      disabled: off || at >= last,
      run: () => moveTrackTo(studio, track.id, tracks[at + 1]?.id ?? null),
    },
    "line",
    ...newTracks(view, off ? null : track.id, text),
    "line",
    {
      name: text.deleteTrack,
      disabled: off || (track.kind === "story" && stories === 1),
      danger: true,
      run: () => attempt(studio, () => deleteTrack(studio.editor, track.id)),
    },
  ];
}

function newTracks({ studio }: View, after: string | null, text: Messages): Entry[] {
  const kinds: Exclude<TrackKind, "story">[] = ["video", "audio", "caption"];
  return kinds.map((kind) => ({
    name: text.addTrack[kind],
    disabled: !studio.canEdit,
    run: () =>
      attempt(studio, () => {
        const same = studio.timeline.tracks.filter((track) => track.kind === kind).length;
        const name = `${text.trackKinds[kind]}${same > 0 ? ` ${same + 1}` : ""}`;
        addTrack(studio.editor, kind, name, after ?? undefined);
      }),
  }));
}

const markerColors = ["#e8b04b", "#56c288", "#7c9cff", "#ff7a7a"] as const;

function markerEntries(view: View, id: string, text: Messages): Entry[] {
  const { studio } = view;
  const marker = studio.timeline.markers.find((one) => one.id === id);
  if (!marker) return [];
  const disabled = !studio.canEdit;
  return [
    { name: text.goTo, run: () => studio.seek(marker.start) },
    { name: text.rename, disabled, run: () => (view.naming = id) },
    "line",
    ...markerColors.map((color, i) => ({
      name: text.markerColors[i] ?? color,
      disabled,
      run: () => attempt(studio, () => setMarker(studio.editor, id, { color })),
    })),
    "line",
    {
      name: text.deleteMarker,
      disabled,
      danger: true,
      run: () => attempt(studio, () => deleteMarker(studio.editor, id)),
    },
  ];
}

function groundEntries(view: View, on: { frame: number }, text: Messages): Entry[] {
  const { studio } = view;
  const disabled = !studio.canEdit;
  return [
    { name: text.pasteClips, keys: "Ctrl V", disabled, run: () => void pasteHere(view) },
    {
      name: text.addMarker,
      keys: "M",
      disabled,
      run: () => (view.naming = mark(studio, Math.max(0, Math.round(on.frame))) ?? null),
    },
    {
      name: text.selectAll,
      keys: "Ctrl A",
      run: () => studio.select(studio.story?.clips.map(({ id }) => id) ?? []),
    },
    { name: text.zoomFit, keys: "Shift Z", run: () => view.fit() },
    "line",
    ...newTracks(view, null, text),
  ];
}
