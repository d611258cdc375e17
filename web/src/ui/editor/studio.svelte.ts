// What the editor's parts share: the open project as live values, and where
// this person is in it.
import {
  createEditor,
  deleteClips,
  insertClips,
  moveClip,
  splitClip,
} from "../../model/commands.ts";
import { openPresence, type Presence, type PresenceRoom } from "../../model/presence.ts";
import { openTimeline } from "../../model/project.ts";
import { createReviewer, openReview, type Review, type Reviewer } from "../../model/review.ts";
import {
  type Clip,
  type Editor,
  type Live,
  local,
  type Scene,
  type Timeline,
  type Track,
} from "../../model/schema.ts";
import { openUndo, type Undo } from "../../model/undo.ts";
import type { Person, User } from "../../sync/api.ts";
import { openProject, type SaveState, type Session } from "../../sync/session.ts";
import { api } from "../page.svelte.ts";

/** How far one may zoom, in pixels a frame. */
const minZoom = 0.02;
const maxZoom = 24;

/** What was copied, for every project open in this page. */
let clipboard: Clip[] = [];

export class Studio {
  readonly session: Session;
  readonly editor: Editor;
  readonly undo: Undo;
  readonly presence: PresenceRoom;
  readonly reviewer: Reviewer;

  timeline = $state.raw<Timeline>() as Timeline;
  review = $state.raw<Review>() as Review;
  people = $state.raw<Presence[]>([]);
  names = $state.raw<ReadonlyMap<string, Person>>(new Map());
  save = $state.raw<SaveState>({ kind: "reconnecting", waiting: 0 });
  kept = $state(true);
  canEdit = $state(true);
  canComment = $state(true);
  canUndo = $state(false);
  canRedo = $state(false);
  loaded = $state(false);
  /** Whether the server was heard, so that what is not here does not exist. */
  private synced = $state(false);
  private readonly scenes = $derived(
    new Map(this.timeline.scenes.map((scene) => [scene.id, scene])),
  );
  selection = $state.raw<ReadonlySet<string>>(new Set());
  /** The frame that is shown. */
  playhead = $state(0);
  /** Speed and direction of playing; 0 is parked. */
  speed = $state(0);
  zoom = $state(2);
  following = $state<string | null>(null);
  thread = $state<string | null>(null);

  private readonly lives: (Live<Timeline> | Live<Review>)[];
  private readonly stops: (() => void)[] = [];
  private frame = 0;

  constructor(project: string, user: User, onreset: (why: string) => void) {
    this.session = openProject(project, { person: user.id });
    const { timeline, review, awareness } = this.session;
    this.editor = createEditor(timeline);
    this.undo = openUndo(timeline);
    this.presence = openPresence(awareness, {
      person: user.id,
      name: user.name,
      color: user.color,
    });
    this.reviewer = createReviewer(review, user.id);
    const liveTimeline = openTimeline(timeline);
    const liveReview = openReview(review);
    this.lives = [liveTimeline, liveReview];
    this.timeline = liveTimeline.current();
    this.review = liveReview.current();
    this.stops.push(
      liveTimeline.subscribe((now) => this.onTimeline(now)),
      liveReview.subscribe((now) => this.onReview(now)),
      this.presence.subscribe((everybody) => this.onPeople(everybody)),
      this.session.subscribe(() => this.onSave()),
      this.session.onReset((_, reason) => onreset(reason)),
      this.undo.subscribe(({ canUndo, canRedo }) => {
        this.canUndo = canUndo;
        this.canRedo = canRedo;
      }),
    );
    this.names = new Map([[user.id, user]]);
    this.people = this.presence.current();
    this.onSave();
    void this.session.synced.then(() => {
      this.synced = true;
    });
    void this.session.loaded.then(() => {
      this.loaded = true;
      this.onReview(this.review);
    });
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    for (const stop of this.stops) stop();
    for (const live of this.lives) live.close();
    this.undo.close();
    this.presence.close();
    void this.session.close();
  }

  /** Whether there is a project to show: it came from this browser or from the server. */
  get ready(): boolean {
    return this.save.kind !== "refused" && (this.synced || this.timeline.tracks.length > 0);
  }

  get story(): Track | undefined {
    return this.timeline.tracks.find((track) => track.kind === "story");
  }

  get length(): number {
    return this.timeline.length;
  }

  /** The story clip at the playhead. */
  get current(): Clip | undefined {
    return this.clipAt(this.playhead);
  }

  clipAt(frame: number): Clip | undefined {
    return this.story?.clips.find(
      (clip) => frame >= clip.start && frame < clip.start + clip.length,
    );
  }

  clip(id: string): Clip | undefined {
    for (const track of this.timeline.tracks) {
      const found = track.clips.find((clip) => clip.id === id);
      if (found) return found;
    }
    return undefined;
  }

  /** The scene that a clip shows. */
  sceneOf(clip: Clip): Scene | undefined {
    return "scene" in clip.source ? this.scenes.get(clip.source.scene) : undefined;
  }

  /** Who somebody is, as far as it is known here. */
  person(id: string): Person | undefined {
    return this.names.get(id);
  }

  /** What a clip is called: its own label, else its scene's title. */
  label(clip: Clip): string {
    if (clip.label) return clip.label;
    const { source } = clip;
    if ("scene" in source) {
      const at = this.timeline.scenes.findIndex((scene) => scene.id === source.scene);
      const scene = this.timeline.scenes[at];
      return scene?.title || (at >= 0 ? `#${at + 1}` : "—");
    }
    return clip.text ?? "—";
  }

  // Where one is.

  seek(frame: number): void {
    const next = Math.min(Math.max(0, Math.round(frame)), Math.max(0, this.length));
    if (next === this.playhead) return;
    this.playhead = next;
    this.presence.setCursor({ playhead: next });
  }

  select(ids: Iterable<string>): void {
    this.selection = new Set(ids);
    this.presence.setCursor({
      selection: this.selection.size > 0 ? [...this.selection] : undefined,
    });
  }

  toggle(id: string): void {
    const next = new Set(this.selection);
    if (!next.delete(id)) next.add(id);
    this.select(next);
  }

  play(speed: number): void {
    cancelAnimationFrame(this.frame);
    this.speed = speed;
    if (speed === 0) return;
    if (speed > 0 && this.playhead >= this.length) this.playhead = 0;
    const [num, den] = this.timeline.rate;
    const from = this.playhead;
    let began: number | null = null;
    const step = (now: number) => {
      began ??= now;
      const at = from + ((now - began) / 1000) * (num / den) * speed;
      this.seek(Math.floor(at));
      if (at >= this.length || at < 0) this.speed = 0;
      else this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  setZoom(zoom: number): void {
    this.zoom = Math.min(maxZoom, Math.max(minZoom, zoom));
  }

  follow(person: string | null): void {
    this.following = person;
    this.presence.follow(person);
    this.chase();
  }

  // Work on the selection.

  split(): void {
    const picked = [...this.selection]
      .map((id) => this.clip(id))
      .filter((clip) => clip !== undefined);
    const inside = (clip: Clip) =>
      this.playhead > clip.start && this.playhead < clip.start + clip.length;
    const target = picked.find(inside) ?? this.current;
    if (target && this.canEdit) splitClip(this.editor, target.id, this.playhead);
  }

  removeSelected(): void {
    if (this.selection.size === 0 || !this.canEdit) return;
    deleteClips(this.editor, [...this.selection]);
    this.select([]);
  }

  /** Moves clips of the story track, in their order, behind another; one step of undo. */
  move(ids: readonly string[], track: string, after: string | null): void {
    this.editor.doc.transact(() => {
      let behind = after;
      for (const id of ids) {
        moveClip(this.editor, id, { track, after: behind });
        behind = id;
      }
    }, local);
  }

  copy(): void {
    clipboard = (this.story?.clips ?? []).filter((clip) => this.selection.has(clip.id));
  }

  paste(): void {
    const story = this.story;
    if (!story || clipboard.length === 0 || !this.canEdit) return;
    const known = new Set(this.timeline.scenes.map((scene) => scene.id));
    const clips = clipboard.map(({ source, span, in: from, label }) => ({
      source: "scene" in source && !known.has(source.scene) ? { title: label || "…" } : source,
      length: span,
      in: from,
      label,
    }));
    this.select(insertClips(this.editor, story.id, clips, this.current?.id));
  }

  private onTimeline(now: Timeline): void {
    this.timeline = now;
    if (this.playhead > now.length) this.seek(now.length);
    const gone = [...this.selection].filter((id) => !this.clip(id));
    if (gone.length > 0) this.select([...this.selection].filter((id) => !gone.includes(id)));
  }

  private onReview(now: Review): void {
    this.review = now;
    const ids = now.threads.flatMap((thread) => [
      thread.author,
      ...thread.messages.map(({ author }) => author),
    ]);
    void this.learn(ids);
  }

  private onPeople(everybody: Presence[]): void {
    this.people = everybody;
    this.chase();
  }

  private chase(): void {
    const leader = this.people.find(({ person, self }) => person === this.following && !self);
    if (this.following !== null && !leader) this.following = null;
    const frame = leader?.cursor.playhead;
    if (frame !== undefined && this.speed === 0) this.seek(frame);
  }

  private async learn(ids: string[]): Promise<void> {
    const missing = ids.filter((id) => !this.names.has(id));
    if (missing.length === 0) return;
    try {
      const found = await api.people(missing);
      this.names = new Map([...this.names, ...found]);
    } catch {
      // Offline: names come with the next change.
    }
  }

  private onSave(): void {
    this.save = this.session.state();
    this.kept = this.session.kept();
    this.canEdit = this.session.access("timeline") !== "read";
    this.canComment = this.session.access("review") !== "read";
  }
}
