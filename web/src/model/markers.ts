// Commands on markers.
import { mapOf, markerTie, timelineOf, transact } from "./edit.ts";
import { needFrames, needLine, needThing } from "./refusal.ts";
import { setRegisters } from "./registers.ts";
import { type Editor, roots } from "./schema.ts";

/** Registers of a marker that can be set; null takes one away. */
export type MarkerFields = { label?: string; length?: number; color?: string | null };

/** A marker at a frame, tied to the story clip under it. Returns its id. */
export function addMarker(editor: Editor, at: number, marker: MarkerFields = {}): string {
  const where = markerTie(timelineOf(editor.doc), needFrames(at, "a frame", 0));
  check(marker);
  const id = editor.newId();
  const map = mapOf({ at: where, ...marker, color: marker.color ?? undefined });
  transact(editor, () => roots.markers(editor.doc).set(id, map));
  return id;
}

/** Moves a marker to a frame. */
export function moveMarker(editor: Editor, marker: string, at: number): void {
  const map = needThing(editor, "markers", marker);
  const where = markerTie(timelineOf(editor.doc), needFrames(at, "a frame", 0));
  transact(editor, () => setRegisters(map, { at: where }));
}

/** Sets registers of a marker. */
export function setMarker(editor: Editor, marker: string, fields: MarkerFields): void {
  const map = needThing(editor, "markers", marker);
  check(fields);
  transact(editor, () => setRegisters(map, fields));
}

function check({ length, label, color }: MarkerFields): void {
  needFrames(length ?? 0, "the length of a marker", 0);
  needLine(label, "the label of a marker");
  needLine(color, "a color", "word");
}

/** Takes a marker away. */
export function deleteMarker(editor: Editor, marker: string): void {
  needThing(editor, "markers", marker);
  transact(editor, () => roots.markers(editor.doc).delete(marker));
}
