// What a kept copy of the documents has and the project has not, in things that
// people name, and how each comes back as a new edit of the person at this page.
import type * as Y from "yjs";
import { isText, pair } from "./checks.ts";
import * as commands from "./commands.ts";
import { lostReview } from "./lost_review.ts";
import { lostInserts, lostPieces, type Piece } from "./lost_words.ts";
import { projectTimeline } from "./project.ts";
import { limits } from "./refusal.ts";
import type { Reviewer } from "./review.ts";
import {
  type Clip,
  clipText,
  type Editor,
  local,
  type Marker,
  roots,
  type Scene,
  type SceneTextField,
  sceneText,
  type Timeline,
  type Track,
  thing,
} from "./schema.ts";
import { trackFor } from "./tracks.ts";

/** Who brings things back, and where to. */
export type Hands = { editor: Editor; reviewer: Reviewer };

/** The documents of a copy, or of the project. */
export type Docs = { timeline?: Y.Doc; review?: Y.Doc };

export type LostKind =
  | "scene"
  | "sceneText"
  | "clip"
  | "clipText"
  | "marker"
  | "thread"
  | "reply"
  | "message"
  | "verdict";

/** Something that the copy has and the project has not. */
export type Lost = {
  /** Names it within its copy. */
  key: string;
  kind: LostKind;
  /** The document that it is of. */
  of: "timeline" | "review";
  name: string;
  texts: { field: SceneTextField | "text"; pieces: Piece[] }[];
  /** Whether a text of it is longer than the project takes. */
  long: boolean;
  /** Writes it as a new edit. Throws an EditError, and has then changed nothing, when that cannot be done. */
  bring(to: Hands): void;
};

const fields = ["title", "prompt", "notes"] as const;

/** What a copy has and the project has not; of comments and verdicts, what the person wrote. */
export function findLost(kept: Docs, live: Docs, person: string): Lost[] {
  const lost: Lost[] = [];
  if (kept.timeline && live.timeline) lost.push(...lostTimeline(kept.timeline, live.timeline));
  if (kept.review && live.review) lost.push(...lostReview(kept.review, live.review, person));
  return lost;
}

function lostTimeline(kept: Y.Doc, live: Y.Doc): Lost[] {
  const was = projectTimeline(kept);
  const lost: Lost[] = [];
  for (const scene of was.scenes) {
    const texts = textsOf(kept, scene);
    if (!thing(roots.scenes(live), scene.id)) lost.push(lostScene(was, { ...scene, ...texts }));
    else lost.push(...lostSceneTexts(live, scene, texts));
  }
  for (const track of was.tracks)
    for (const clip of track.clips) lost.push(...lostClip(live, track, clip));
  for (const marker of was.markers)
    if (!roots.markers(live).has(marker.id)) lost.push(lostMarker(marker));
  return lost;
}

// textsOf are the texts of a scene, also where they are no shared texts.
function textsOf(doc: Y.Doc, scene: Scene): Pick<Scene, SceneTextField> {
  const read = (field: SceneTextField) => {
    const value = thing(roots.scenes(doc), scene.id)?.get(field);
    return isText(value) ? value.toString() : typeof value === "string" ? value : "";
  };
  return { title: read("title"), prompt: read("prompt"), notes: read("notes") };
}

function lostScene(was: Timeline, scene: Scene): Lost {
  const long = fields.some((field) => scene[field].length > limitOf(field));
  return {
    key: `scene/${scene.id}`,
    kind: "scene",
    of: "timeline",
    name: nameOf(scene),
    texts: fields.flatMap((field) =>
      scene[field].trim() ? [{ field, pieces: [{ text: scene[field], lost: true }] }] : [],
    ),
    long,
    bring: ({ editor }) => bringScene(editor, was, scene),
  };
}

function bringScene(editor: Editor, was: Timeline, scene: Scene): void {
  const there = roots.scenes(editor.doc);
  const before = was.scenes.slice(
    0,
    was.scenes.findIndex(({ id }) => id === scene.id),
  );
  const neighbour = before.findLast(({ id }) => thing(there, id));
  // A title that is too long would be cut; its whole is at the head of the notes.
  const tooLong = scene.title.length > limits.title;
  const notes = tooLong ? `${scene.title}\n\n${scene.notes}` : scene.notes;
  editor.doc.transact(() => {
    const made = commands.addScene(editor, {
      title: cut(scene.title, limits.title),
      prompt: cut(scene.prompt, limits.text),
      notes: cut(notes, limits.text),
      length: scene.length,
      ...(isShort(scene.color) ? { color: scene.color } : {}),
      ...(neighbour ? { after: neighbour.id } : before.length === 0 ? { after: null } : {}),
    });
    const { backend, model, style, size, seconds, seed } = scene.render;
    commands.setScene(editor, made.scene, {
      render: {
        ...(isShort(backend) ? { backend } : {}),
        ...(isShort(model) ? { model } : {}),
        ...(style !== undefined && style.length <= limits.line ? { style } : {}),
        ...(pair(size) ? { size: size as [number, number] } : {}),
        ...(seconds === undefined ? {} : { seconds }),
        ...(seed === undefined ? {} : { seed }),
      },
    });
    for (const { asset, role } of scene.refs)
      if (/^[\w-]{1,64}$/.test(asset) && isShort(role))
        commands.setRef(editor, made.scene, asset, { role });
  }, local);
}

function lostSceneTexts(live: Y.Doc, scene: Scene, texts: Pick<Scene, SceneTextField>): Lost[] {
  return fields.flatMap((field) => {
    const now = sceneText(live, scene.id, field)?.toString() ?? "";
    const pieces = lostPieces(texts[field], now);
    if (!pieces.some(({ lost }) => lost)) return [];
    return {
      key: `scene/${scene.id}/${field}`,
      kind: "sceneText",
      of: "timeline",
      name: nameOf({ ...scene, ...texts }),
      texts: [{ field, pieces }],
      long: now.length + lostLength(texts[field], now) > limitOf(field),
      bring: ({ editor }) => {
        const text = sceneText(editor.doc, scene.id, field);
        if (text) putBack(text, texts[field], limitOf(field));
        else commands.setSceneText(editor, scene.id, field, cut(texts[field], limitOf(field)));
      },
    };
  });
}

function lostClip(live: Y.Doc, track: Track, clip: Clip): Lost[] {
  const words = clip.text ?? "";
  const name = clip.label || words.slice(0, 80) || track.name;
  if (thing(roots.clips(live), clip.id)) {
    const now = clipText(live, clip.id)?.toString() ?? "";
    const pieces = lostPieces(words, now);
    if (!pieces.some(({ lost }) => lost)) return [];
    const long = now.length + lostLength(words, now) > limits.text;
    const bring = ({ editor }: Hands) => {
      const text = clipText(editor.doc, clip.id);
      if (text) putBack(text, words, limits.text);
      else commands.setClipText(editor, clip.id, cut(words, limits.text));
    };
    const texts: Lost["texts"] = [{ field: "text", pieces }];
    return [
      { key: `clip/${clip.id}/text`, kind: "clipText", of: "timeline", name, texts, long, bring },
    ];
  }
  // A scene that is made anew brings a clip.
  const { source } = clip;
  if ("scene" in source && !thing(roots.scenes(live), source.scene)) return [];
  const texts: Lost["texts"] = words.trim()
    ? [{ field: "text", pieces: [{ text: words, lost: true }] }]
    : [];
  const long = words.length > limits.text;
  const bring = ({ editor }: Hands) => bringClip(editor, track, clip);
  return [{ key: `clip/${clip.id}`, kind: "clip", of: "timeline", name, texts, long, bring }];
}

function bringClip(editor: Editor, track: Track, clip: Clip): void {
  const { source, fade, speed, gain } = clip;
  editor.doc.transact(() => {
    const there = thing(roots.tracks(editor.doc), track.id);
    const on =
      there?.get("kind") === track.kind && there.get("locked") !== true
        ? track.id
        : trackFor(editor, track.kind, cut(track.name, limits.line / 4));
    const at = track.clips.findIndex(({ id }) => id === clip.id);
    const before = track.clips
      .slice(0, at)
      .findLast(({ id }) => thing(roots.clips(editor.doc), id));
    commands.insertClip(editor, on, {
      source: "title" in source ? { title: cut(source.title, limits.line / 4) } : source,
      length: clip.span,
      in: clip.in,
      label: cut(clip.label, limits.line / 4),
      ...(clip.text === null ? {} : { text: cut(clip.text, limits.text) }),
      speed,
      gain,
      fade,
      ...(track.kind === "story" ? { gap: clip.gap } : { start: clip.start }),
      ...(before ? { after: before.id } : {}),
    });
  }, local);
}

function lostMarker(marker: Marker): Lost {
  const { id, label, color, length, start } = marker;
  const texts: Lost["texts"] = label.trim()
    ? [{ field: "text", pieces: [{ text: label, lost: true }] }]
    : [];
  return {
    key: `marker/${id}`,
    kind: "marker",
    of: "timeline",
    name: "",
    texts,
    long: label.length > limits.line / 4,
    bring: ({ editor }) => {
      const fit = cut(label, limits.line / 4);
      commands.addMarker(editor, start, {
        label: fit,
        length,
        color: isShort(color) ? color : null,
      });
    },
  };
}

// putBack inserts the words that a text has lost; what others wrote stays.
function putBack(text: Y.Text, kept: string, limit: number): void {
  text.doc?.transact(() => {
    for (const insert of lostInserts(kept, text.toString())) {
      const words = cut(insert.text, Math.max(0, limit - text.length));
      if (words !== "") text.insert(insert.at, words);
    }
  }, local);
}

function lostLength(kept: string, live: string): number {
  return lostInserts(kept, live).reduce((sum, { text }) => sum + text.length, 0);
}

/** A text of at most so many units, not cut within a letter. */
export function cut(text: string, units: number): string {
  if (text.length <= units) return text;
  const high = /[\ud800-\udbff]$/.test(text.slice(0, units));
  return text.slice(0, high ? units - 1 : units);
}

function limitOf(field: SceneTextField): number {
  return field === "title" ? limits.title : limits.text;
}

function nameOf(scene: Scene): string {
  return (scene.title || scene.prompt || scene.notes).trim().slice(0, 80);
}

function isShort(word: string | null | undefined): word is string {
  return typeof word === "string" && new TextEncoder().encode(word).length <= limits.word;
}
