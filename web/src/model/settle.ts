// The command that settles repairs: it writes what the projection shows into
// the document, as an edit that everybody gets and that can be undone.
import * as Y from "yjs";
import { findClip, settlePieces, timelineOf, transact } from "./edit.ts";
import { recovered } from "./layout.ts";
import { orderBetween } from "./order.ts";
import { setRegisters } from "./registers.ts";
import {
  type Clip,
  type Editor,
  type Repair,
  roots,
  type Timeline,
  type Track,
  thing,
} from "./schema.ts";
import { addTrack } from "./tracks.ts";

/** Settles repairs, in one step of undo. One that is not needed any more is left out. */
export function settle(editor: Editor, repairs: readonly Repair[]): void {
  const timeline = timelineOf(editor.doc);
  const wanted = new Set(repairs.map((repair) => JSON.stringify(repair)));
  const open = timeline.repairs.filter((repair) => wanted.has(JSON.stringify(repair)));
  if (open.length === 0) return;
  transact(editor, () => {
    let track = "";
    const home = () => {
      track ||= addTrack(editor, "video", "Recovered");
      return track;
    };
    for (const repair of open) if (repair.root !== "clips") settleThing(editor, timeline, repair);
    const clips = open.filter((repair) => repair.root === "clips");
    settlePieces(
      editor,
      timeline,
      clips.filter(({ rule }) => rule === 3).map(({ id }) => id),
    );
    // From the last to the first, so that clips without an order stay in theirs.
    const shown = timeline.tracks.flatMap((each) => each.clips.map(({ id }) => id));
    const places = new Map(shown.map((id, i) => [id, i]));
    clips.sort((a, b) => (places.get(b.id) ?? -1) - (places.get(a.id) ?? -1));
    for (const repair of clips) settleClip(editor, { timeline, repair, home });
  });
}

function settleThing(editor: Editor, timeline: Timeline, { kind, root, id, field }: Repair): void {
  const all = roots[root](editor.doc);
  const map = root === "meta" ? all : thing(all, id);
  if (kind === "ignored") all.delete(id);
  else if (root === "markers" && (field === "start" || /^at\b/.test(field)))
    settleMarker(editor, timeline, id);
  else if (map) settleRegister(map, timeline, { root, id, field });
}

// settleRegister takes away what is malformed: what is absent shows the same.
function settleRegister(
  map: Y.Map<unknown>,
  timeline: Timeline,
  { root, id, field }: { root: Repair["root"]; id: string; field: string },
): void {
  const [head = "", ...rest] = field.split(".");
  const key = rest.join(".");
  const inner = map.get(head);
  if (root === "scenes" && field === "length") map.set("length", lengthOf(timeline, id));
  else if (root === "scenes" && isText(field)) map.set(field, new Y.Text());
  else if (head === "refs" && inner instanceof Y.Map) settleRef(inner, timeline, id, key);
  else if (head === "render" && inner instanceof Y.Map) inner.delete(key);
  else if (head === "refs" || head === "render") map.set(head, new Y.Map());
  else map.delete(field);
}

function lengthOf(timeline: Timeline, scene: string): number {
  return timeline.scenes.find(({ id }) => id === scene)?.length ?? 1;
}

function isText(field: string): boolean {
  return field === "title" || field === "prompt" || field === "notes";
}

// settleRef writes a reference as it is shown; `key` is its asset, or that and
// the name of a field.
function settleRef(refs: Y.Map<unknown>, timeline: Timeline, scene: string, key: string): void {
  const shown = timeline.scenes.find(({ id }) => id === scene)?.refs ?? [];
  const ref = shown.find(({ asset }) => asset === key || key.startsWith(`${asset}.`));
  if (!ref) return;
  const value: Record<string, unknown> = { role: ref.role };
  if (ref.order !== "") value["order"] = ref.order;
  refs.set(ref.asset, value);
}

function settleMarker(editor: Editor, timeline: Timeline, id: string): void {
  const marker = timeline.markers.find((other) => other.id === id);
  const map = thing(roots.markers(editor.doc), id);
  if (!marker || !map) return;
  const anchor = marker.clip === null ? undefined : findClip(timeline, marker.clip)?.clip;
  setRegisters(map, { at: { clip: marker.clip, offset: marker.start - (anchor?.start ?? 0) } });
}

type Settling = { timeline: Timeline; repair: Repair; home: () => string };

function settleClip(editor: Editor, { timeline, repair, home }: Settling): void {
  const all = roots.clips(editor.doc);
  const map = thing(all, repair.id);
  const found = findClip(timeline, repair.id);
  if (repair.kind === "ignored") all.delete(repair.id);
  if (!map || !found || repair.rule === 3) return;
  const { clip, track } = found;
  const [head] = repair.field.split(".");
  switch (head) {
    case "place":
    case "start":
      setRegisters(map, { place: placeOf(editor, { clip, track, home }) });
      break;
    case "span":
      setRegisters(map, { span: { in: clip.in, length: clip.span } });
      break;
    case "source":
      setRegisters(map, { source: clip.source });
      break;
    case "transition":
      setRegisters(map, { transition: clip.transition });
      break;
    default:
      map.delete(repair.field);
  }
}

// placeOf is where a clip is shown, as a register.
function placeOf(
  editor: Editor,
  { clip, track, home }: { clip: Clip; track: Track; home: () => string },
): unknown {
  if (track.kind !== "story") {
    // An offset that led below 0 is shown as one that leads to 0.
    const offset = clip.anchor === null ? 0 : clip.offset;
    const on = track.id === recovered ? home() : track.id;
    return {
      track: on,
      clip: clip.anchor,
      offset: clip.start === 0 ? atZero(editor, clip) : offset,
      at: clip.start,
    };
  }
  if (clip.order !== "") return { track: track.id, order: clip.order, gap: clip.gap };
  const orders = timelineOf(editor.doc).tracks.find(({ id }) => id === track.id)?.clips ?? [];
  const next = orders.find(({ order }) => order !== "")?.order ?? null;
  return { track: track.id, order: orderBetween(null, next, editor.random), gap: clip.gap };
}

// atZero is the offset by which a clip that is shown at the start stands there.
function atZero(editor: Editor, clip: Clip): number {
  if (clip.anchor === null) return 0;
  return -(findClip(timelineOf(editor.doc), clip.anchor)?.clip.start ?? 0);
}
