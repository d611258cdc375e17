// Checking a clipboard that came from outside, field by field.
import * as check from "./checks.ts";
import type { Clipboard, CopiedClip, CopiedScene } from "./clipboard.ts";
import { isOrder } from "./order.ts";
import { EditError, needId, needLine, needText } from "./refusal.ts";
import type { Ref, RenderSettings } from "./schema.ts";

/** How much one clipboard may hold. */
const mostClips = 10_000;

/** The value as a clipboard; an error when any part of it is wrong. */
export function checkClipboard(value: unknown): Clipboard {
  const from = object(value, "a clipboard");
  if (from["kind"] !== "soratoo/clips" || from["version"] !== 1)
    throw new EditError("clipboard", "this is no copy of clips");
  const clips = list(from["clips"], "clips").map(checkClip);
  for (const { anchor } of clips) {
    if (anchor !== null && clips[anchor]?.track.kind !== "story")
      throw new EditError("clipboard", "a clip is tied to nothing");
  }
  return {
    kind: "soratoo/clips",
    version: 1,
    rate: need(check.pair(from["rate"]), "rate"),
    clips,
    scenes: list(from["scenes"], "scenes").map(checkScene),
  };
}

function checkClip(value: unknown): CopiedClip {
  const from = object(value, "a clip");
  const track = object(from["track"], "track");
  const span = object(from["span"], "span");
  return {
    track: {
      id: need(check.text(track["id"]), "track.id"),
      kind: need(check.kind(track["kind"]), "track.kind"),
      name: trackName(track["name"]),
    },
    start: need(check.count(from["start"]), "start"),
    gap: need(check.count(from["gap"]), "gap"),
    span: {
      in: need(check.count(span["in"]), "span.in"),
      length: need(check.positive(span["length"]), "span.length"),
    },
    source: need(check.source(from["source"]), "source"),
    label: need(check.text(from["label"]), "label"),
    speed: need(check.speed(from["speed"]), "speed"),
    gain: need(check.gain(from["gain"]), "gain"),
    fade: need(check.fade(from["fade"]), "fade"),
    transition: maybe(check.transition, from["transition"], "transition"),
    text: maybe(check.text, from["text"], "text"),
    anchor: maybe(check.count, from["anchor"], "anchor"),
    offset: need(check.int(from["offset"]), "offset"),
  };
}

function checkScene(value: unknown): CopiedScene {
  const from = object(value, "a scene");
  const scene = readScene(from);
  needText(scene.title, "the title of a scene", "title");
  needText(scene.prompt, "the prompt of a scene");
  needText(scene.notes, "the notes of a scene");
  needLine(scene.color, "a color", "word");
  for (const { asset, role, order } of scene.refs) {
    needId(asset, "the id of an asset");
    needLine(role, "a role", "word");
    needLine(order, "an order");
  }
  return scene;
}

function trackName(value: unknown): string {
  const name = need(check.text(value), "track.name");
  needLine(name, "the name of a track");
  return name;
}

function readScene(from: Record<string, unknown>): CopiedScene {
  return {
    id: need(check.text(from["id"]), "id"),
    title: need(check.text(from["title"]), "title"),
    prompt: need(check.text(from["prompt"]), "prompt"),
    notes: need(check.text(from["notes"]), "notes"),
    length: need(check.positive(from["length"]), "length"),
    render: checkRender(from["render"]),
    refs: list(from["refs"], "refs").map(checkRef),
    take: maybe(check.text, from["take"], "take"),
    color: maybe(check.text, from["color"], "color"),
  };
}

function checkRender(value: unknown): RenderSettings {
  const from = object(value, "render");
  const known = {
    backend: maybe(check.text, from["backend"], "backend"),
    model: maybe(check.text, from["model"], "model"),
    size: maybe(check.pair, from["size"], "size"),
    seconds: maybe(check.seconds, from["seconds"], "seconds"),
    seed: maybe(check.int, from["seed"], "seed"),
    style: maybe(check.text, from["style"], "style"),
  };
  return Object.fromEntries(Object.entries(known).filter(([, field]) => field !== null));
}

function checkRef(value: unknown): Ref {
  const from = object(value, "a reference");
  const order = from["order"];
  return {
    asset: need(check.text(from["asset"]), "asset"),
    role: need(check.text(from["role"]), "role"),
    order: need(isOrder(order) || order === "" ? order : undefined, "order"),
  };
}

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new EditError("clipboard", `this copy has a wrong ${what}`);
  return value;
}

function maybe<T>(of: check.Check<T>, value: unknown, what: string): T | null {
  return check.absent(value) ? null : need(of(value), what);
}

function object(value: unknown, what: string): Record<string, unknown> {
  return need(check.isRecord(value) ? value : undefined, what);
}

function list(value: unknown, what: string): unknown[] {
  return need(Array.isArray(value) && value.length <= mostClips ? value : undefined, what);
}
