// The page's side of the merge test that Go drives: people with documents of
// real Yjs, who run our commands. `answer` does one call.
import * as Y from "yjs";
import * as commands from "../commands.ts";
import { projectTimeline, timelineOf } from "../project.ts";
import { type Random, seededRandom } from "../random.ts";
import { type Clip, type Editor, local, type Timeline } from "../schema.ts";
import { openUndo, type Undo } from "../undo.ts";
import { act } from "./act.ts";

type Member = { editor: Editor; undo: Undo; written: string[] };

/** What one call did: the updates that it wrote, and which clips are there now or no more. */
type Deed = { name: string; updates: string[]; made: string[]; gone: string[]; ids: string[] };

/** An edit that both languages know; see the Go side. */
type Op = {
  kind:
    | "insert"
    | "row"
    | "move"
    | "tail"
    | "cut"
    | "delete"
    | "deleteTrack"
    | "undo"
    | "redo"
    | "settle";
  track: string;
  clip: string;
  clips: string[];
  after: string;
  start: number;
  lengths: number[];
};

// Undo is a step of its own, never part of another.
const noUndo = { undo: () => false, redo: () => false };

const members = new Map<string, Member>();

/** Runs one call. Bytes travel as base64. */
export function answer(name: string, who: string, ...args: unknown[]): unknown {
  if (name === "new") return open(who, Number(args[0]), Number(args[1]), bytes(args[2]));
  if (name === "free") return free(who);
  const member = members.get(who);
  if (!member) throw new Error(`nobody is called ${who}`);
  switch (name) {
    case "apply":
      Y.applyUpdate(member.editor.doc, bytes(args[0]), "network");
      return null;
    case "act":
      return doing(member, () => acts(member, seededRandom(Number(args[0]))));
    case "run":
      return doing(member, () => run(member, args[0] as Op));
    case "project":
      return project(member.editor.doc);
    default:
      throw new Error(`there is no ${name}`);
  }
}

function open(who: string, client: number, seed: number, start: Uint8Array): null {
  const doc = new Y.Doc();
  doc.clientID = client;
  Y.applyUpdate(doc, start, "network");
  const editor = commands.createEditor(doc, seededRandom(seed));
  const member: Member = { editor, undo: openUndo(doc), written: [] };
  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== "network") member.written.push(base64(update));
  });
  members.set(who, member);
  return null;
}

function free(who: string): null {
  members.get(who)?.undo.close();
  members.get(who)?.editor.doc.destroy();
  members.delete(who);
  return null;
}

// doing runs something and tells what it wrote and changed. A refused command
// must have written nothing.
function doing(member: Member, what: () => string | string[]): Deed {
  const clips = member.editor.doc.getMap("clips");
  const before = new Set(clips.keys());
  let done: string | string[];
  try {
    done = what();
  } catch (error) {
    if (!(error instanceof commands.EditError)) throw error;
    if (member.written.length > 0) throw new Error(`refused, but wrote: ${error.message}`);
    done = `refused: ${error.message}`;
  }
  const now = new Set(clips.keys());
  return {
    name: typeof done === "string" ? done : "",
    updates: member.written.splice(0),
    made: [...now].filter((id) => !before.has(id)),
    gone: [...before].filter((id) => !now.has(id)),
    ids: typeof done === "string" ? [] : done,
  };
}

// acts does something, now and then several things as one.
function acts(member: Member, random: Random): string {
  if (random(4) > 0) return act(member, random);
  const { doc } = member.editor;
  return doc.transact(() => {
    const names = Array.from({ length: 1 + random(4) }, () => {
      const name = act({ ...member, undo: noUndo }, random);
      project(doc);
      return name;
    });
    return names.join(" and ");
  }, local);
}

function run({ editor, undo }: Member, op: Op): string[] {
  const clips = op.lengths.map((length) => ({ source: { asset: "new" }, length, start: op.start }));
  const after = op.after === "" ? null : op.after;
  switch (op.kind) {
    case "insert":
      return commands.insertClips(editor, op.track, clips, after);
    case "row":
      commands.moveClips(editor, op.clips, { track: op.track, after });
      return op.clips;
    case "move":
      commands.moveClip(editor, op.clip, { track: op.track, after });
      return [];
    case "tail":
      commands.trimClip(editor, op.clip, "tail", op.start);
      return [];
    case "cut":
      return cut(editor, op);
    case "delete":
      commands.deleteClip(editor, op.clip);
      return [];
    case "deleteTrack":
      commands.deleteTrack(editor, op.track);
      return [];
    case "undo":
      undo.undo();
      return [];
    case "redo":
      undo.redo();
      return [];
    case "settle":
      commands.settle(editor, timelineOf(editor.doc).repairs);
      return [];
  }
}

// cut splits the piece of a clip that shows a frame of the source, at it.
function cut(editor: Editor, { clip: of, start: frame }: Op): string[] {
  const timeline = timelineOf(editor.doc);
  const piece = timeline.tracks
    .flatMap((track) => track.clips)
    .find((clip) => lineage(clip) === of && clip.in < frame && frame < clip.in + clip.span);
  if (!piece) return [];
  return commands.splitClips(editor, [piece.id], piece.start + frame - piece.in);
}

function lineage(clip: Clip): string {
  return clip.origin ?? clip.id;
}

// project is the canonical JSON of the projection, which has to be the same
// whether it followed the document or reads it anew.
function project(doc: Y.Doc): string {
  const followed = canonical(timelineOf(doc));
  const whole = canonical(projectTimeline(doc));
  if (followed !== whole) throw new Error(`read by parts:\n${followed}\nread whole:\n${whole}`);
  return whole;
}

function canonical(timeline: Timeline): string {
  return JSON.stringify(timeline, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function bytes(text: unknown): Uint8Array {
  return Uint8Array.from(atob(String(text)), (char) => char.charCodeAt(0));
}

function base64(update: Uint8Array): string {
  let text = "";
  for (const byte of update) text += String.fromCharCode(byte);
  return btoa(text);
}
