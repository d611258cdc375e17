// What the editor's parts share: the open project as live values, and where
// this person is in it.
import { createEditor } from "../../model/commands.ts";
import { openPresence, type Presence, type PresenceRoom } from "../../model/presence.ts";
import { openTimeline } from "../../model/project.ts";
import { createReviewer, openReview, type Review, type Reviewer } from "../../model/review.ts";
import type { Clip, Editor, Live, Scene, Timeline, Track } from "../../model/schema.ts";
import { openUndo, type Undo } from "../../model/undo.ts";
import type { Person, User } from "../../sync/api.ts";
import {
  openProject,
  type SaveState,
  type Session,
  type SessionOptions,
} from "../../sync/session.ts";
import { Library } from "../media/library.svelte.ts";
import { api } from "../page.svelte.ts";
import { Renders } from "../renders/renders.svelte.ts";
import { Writers } from "../versions/writers.svelte.ts";
import type { Refused } from "./work.ts";

/** How far one may zoom, in pixels a frame. */
const minZoom = 0.02;
const maxZoom = 24;

/** How far one who follows may be from where the leader plays, in seconds. */
const drift = 0.5;

/** What playing goes by. */
type Clock = { start(): void; now(): number };

const wallClock: Clock = { start: () => undefined, now: () => performance.now() / 1000 };

export class Studio {
  readonly session: Session;
  readonly editor: Editor;
  readonly undo: Undo;
  readonly presence: PresenceRoom;
  readonly writers: Writers;
  readonly reviewer: Reviewer;
  readonly library: Library;
  readonly renders: Renders;

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
  /** Whether a part of what the server stored of the project is damaged. */
  damaged = $state(false);
  /** Whether the server was heard, so that what is not here does not exist. */
  private synced = $state(false);
  private readonly scenes = $derived(
    new Map(this.timeline.scenes.map((scene) => [scene.id, scene])),
  );
  private readonly clips = $derived(
    new Map(this.timeline.tracks.flatMap(({ clips }) => clips.map((clip) => [clip.id, clip]))),
  );
  private readonly numbers = $derived(
    new Map(this.timeline.scenes.map(({ id }, i) => [id, i + 1])),
  );
  selection = $state.raw<ReadonlySet<string>>(new Set());
  /** The frame that is shown. */
  playhead = $state(0);
  /** Speed and direction of playing; 0 is parked. */
  speed = $state(0);
  zoom = $state(2);
  /** The person whose playhead and view this page mirrors. */
  following = $state<string | null>(null);
  /** Whether this person shows the cut to the others. */
  presenting = $state(false);
  /** Why the last command was not done. */
  refusal = $state.raw<{ why: Refused } | null>(null);
  /** The clip that a selection by shift reaches from. */
  anchor: string | null = null;
  thread = $state<string | null>(null);
  /** In and out of a part of the cut. */
  range = $state.raw<{ from: number | null; to: number | null }>({ from: null, to: null });
  /** Whether playing begins anew at its end: that of the part between in and out, or of the cut. */
  loop = $state(false);
  /** Seconds that pass as what is heard does; who makes the sound sets it. */
  clock: Clock = wallClock;

  private readonly lives: (Live<Timeline> | Live<Review>)[];
  private readonly stops: (() => void)[] = [];
  private frame = 0;
  private waiting: number | null = null;

  constructor(
    project: string,
    user: User,
    onreset: (why: string) => void,
    options: Partial<SessionOptions> = {},
  ) {
    this.session = openProject(project, { person: user.id, ...options });
    const { timeline, review, awareness } = this.session;
    this.editor = createEditor(timeline);
    this.undo = openUndo(timeline);
    this.presence = openPresence(awareness, {
      person: user.id,
      name: user.name,
      color: user.color,
    });
    this.reviewer = createReviewer(review, user.id);
    this.library = new Library(project);
    this.renders = new Renders(this.session, options.token === undefined);
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
      this.session.onReset((why, reason) => onreset(why === "refused" ? reason : "")),
      this.session.onEvent((event) => {
        if (event.type === "notice" && event["notice"] === "damaged") this.damaged = true;
      }),
      this.undo.subscribe(({ canUndo, canRedo }) => {
        this.canUndo = canUndo;
        this.canRedo = canRedo;
      }),
    );
    this.writers = new Writers(this, user);
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
    if (this.waiting !== null) cancelAnimationFrame(this.waiting);
    for (const stop of this.stops) stop();
    for (const live of this.lives) live.close();
    this.undo.close();
    this.library.close();
    this.renders.close();
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
    return this.clips.get(id);
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
      const number = this.numbers.get(source.scene);
      return this.scenes.get(source.scene)?.title || (number ? `#${number}` : "—");
    }
    return clip.text ?? "—";
  }

  // Where one is.

  /** Goes to a frame; who followed somebody goes own ways from here. */
  seek(frame: number): void {
    this.unfollow();
    this.go(frame);
  }

  private go(frame: number): void {
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
    this.unfollow();
    this.run(speed);
  }

  private run(speed: number): void {
    cancelAnimationFrame(this.frame);
    this.speed = speed;
    this.presence.setCursor({ speed: speed === 0 ? undefined : speed });
    if (speed === 0) return;
    const [first, last] = this.part();
    if (speed > 0 && this.playhead >= last) this.go(first);
    this.roll(this.playhead, speed);
  }

  // roll goes on from a frame with the clock.
  private roll(from: number, speed: number): void {
    const [num, den] = this.timeline.rate;
    this.clock.start();
    const began = this.clock.now();
    const step = () => {
      const at = from + (this.clock.now() - began) * (num / den) * speed;
      const [first, last] = this.part();
      if (this.loop && speed > 0 && at >= last) {
        this.go(first);
        this.roll(first, speed);
        return;
      }
      this.go(Math.floor(at));
      if (at >= this.length || at < 0) this.run(0);
      else this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  // part is what a loop repeats.
  private part(): [number, number] {
    const { from, to } = this.range;
    if (!this.loop || from === null || to === null || to <= from) return [0, this.length];
    return [from, Math.min(to, this.length)];
  }

  setZoom(zoom: number): void {
    this.zoom = Math.min(maxZoom, Math.max(minZoom, zoom));
  }

  /** Mirrors where somebody is, until one does something oneself. */
  follow(person: string | null): void {
    if (person === null && this.speed !== 0) this.run(0);
    this.following = person;
    this.presence.follow(person);
    if (person !== null) this.present(false);
    this.chase();
  }

  /** Ends following, because of something done here. */
  unfollow(): void {
    if (this.following !== null) this.follow(null);
  }

  /** Begins or ends showing the cut to the others. */
  present(on: boolean): void {
    if (on) this.unfollow();
    this.presenting = on;
    this.presence.setCursor({ presenting: on ? true : undefined });
  }

  /** The person who is followed, as they are now. */
  get leader(): Presence | undefined {
    return this.people.find(({ person, self }) => person === this.following && !self);
  }

  /** Says why something was not done. */
  refused(why: Refused): void {
    this.refusal = { why };
  }

  private onTimeline(now: Timeline): void {
    this.timeline = now;
    if (this.playhead > now.length) this.go(now.length);
    const gone = [...this.selection].filter((id) => !this.clip(id));
    if (gone.length > 0) this.select([...this.selection].filter((id) => !gone.includes(id)));
  }

  private onReview(now: Review): void {
    this.review = now;
    const ids = now.threads.flatMap((thread) => [
      thread.author,
      ...thread.messages.map(({ author }) => author),
    ]);
    void this.learn([...ids, ...now.approvals.map(({ person }) => person)]);
  }

  // People move many times a frame; they are drawn once.
  private onPeople(everybody: Presence[]): void {
    this.waiting ??= requestAnimationFrame(() => this.meet(this.presence.current()));
    if (document.hidden) this.meet(everybody);
  }

  private meet(everybody: Presence[]): void {
    if (this.waiting !== null) cancelAnimationFrame(this.waiting);
    this.waiting = null;
    this.people = everybody;
    this.chase();
  }

  // chase goes where the leader is; while the leader plays, this page plays by
  // itself and only mends what has drifted apart.
  private chase(): void {
    const { leader } = this;
    if (this.following === null) return;
    if (!leader) {
      this.follow(null);
      return;
    }
    const { playhead, speed = 0 } = leader.cursor;
    const [num, den] = this.timeline.rate;
    if (playhead !== undefined) {
      const apart = Math.abs(playhead - this.playhead);
      if (speed === 0 || apart > (drift * num) / den) {
        if (this.speed !== 0) this.run(0);
        this.go(playhead);
      }
    }
    if (speed !== this.speed) this.run(speed);
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
