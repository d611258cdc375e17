// The renders of an open project, live: events as they come, the list where some
// were missed.
import { Problem } from "../../sync/api.ts";
import {
  answered,
  emptyQueue,
  happened,
  isOver,
  type Queue,
  type Render,
  renderOf,
  type WantedRender,
} from "../../sync/renders.ts";
import type { Session } from "../../sync/session.ts";
import { api, explain, page } from "../page.svelte.ts";

/** Between two looks at why things wait, while some do; in milliseconds. */
const lookEvery = 4_000;

/** Renders of a project, and what is done with them. */
export class Renders {
  private queue = $state.raw<Queue>(emptyQueue);
  paused = $state(false);
  missing = $state("");
  more = $state("");
  loaded = $state(false);
  /** What is wrong. */
  says = $state("");

  /** All, the newest first. */
  readonly list = $derived(
    [...this.queue.renders.values()].sort(
      (a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id),
    ),
  );
  /** Of each scene the newest render that is not over, else the newest. */
  readonly byScene = $derived.by(() => {
    const found = new Map<string, Render>();
    for (const render of this.list) {
      if (render.kind !== "scene" || !render.scene) continue;
      const known = found.get(render.scene);
      if (!known || (isOver(known) && !isOver(render))) found.set(render.scene, render);
    }
    return found;
  });

  private readonly project: string;
  private readonly stops: (() => void)[];
  private reading: Promise<void> | null = null;
  private again = false;
  private agreed = false;

  /** Guests hear of no queue. */
  constructor(session: Session, team: boolean) {
    this.project = session.project;
    this.stops = team ? this.follow(session) : [];
    if (team) void this.load();
  }

  private follow(session: Session): (() => void)[] {
    const look = setInterval(() => {
      if (this.list.some(({ state }) => state === "queued")) void this.load();
    }, lookEvery);
    return [
      session.onEvent((event) => {
        const about = renderOf(event);
        if (about) this.hear(about);
        else if (event.type === "notice" && event["notice"] === "renders") void this.load();
      }),
      // Who was away has missed events that nobody repeats.
      session.subscribe(({ kind }) => {
        const here = kind === "saved" || kind === "saving" || kind === "held";
        if (here && !this.agreed) void this.load();
        this.agreed = here;
      }),
      () => clearInterval(look),
    ];
  }

  close(): void {
    for (const stop of this.stops) stop();
  }

  private hear(event: { render: Render; seq: number }): void {
    const { queue, missed } = happened(this.queue, event);
    this.queue = queue;
    if (missed) void this.load();
  }

  /** Reads the newest renders; what is asked for meanwhile is read once more. */
  load(): Promise<void> {
    if (this.reading) {
      this.again = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = null;
      if (!this.again) return;
      this.again = false;
      void this.load();
    });
    return this.reading;
  }

  private async read(): Promise<void> {
    try {
      const found = await api.renders(this.project);
      this.queue = answered(this.queue, found);
      this.paused = found.paused;
      this.missing = found.missing ?? "";
      if (!this.loaded) this.more = found.next_cursor ?? "";
      this.loaded = true;
      this.says = "";
    } catch (error) {
      this.says = problem(error);
    }
  }

  async older(): Promise<void> {
    await this.ask(async () => {
      const found = await api.renders(this.project, this.more);
      this.more = found.next_cursor ?? "";
      this.queue = answered(this.queue, { items: found.items, seq: this.queue.seq });
    });
  }

  async render(wanted: WantedRender): Promise<boolean> {
    return this.ask(async () => this.take(await api.askRender(this.project, wanted)));
  }

  async cancel({ id }: Render): Promise<boolean> {
    return this.ask(async () => this.take(await api.cancelRender(id)));
  }

  async retry({ id }: Render): Promise<boolean> {
    return this.ask(async () => this.take(await api.retryRender(id)));
  }

  /** Puts a waiting render before all others of the project. */
  async next(render: Render): Promise<boolean> {
    const first = this.list
      .filter(({ state, id }) => state === "queued" && id !== render.id)
      .sort((a, b) => (a.place ?? 0) - (b.place ?? 0))[0];
    if (!first) return true;
    return this.ask(async () => {
      await api.moveRender(render.id, { before: first.id });
      await this.load();
    });
  }

  async pause(paused: boolean): Promise<boolean> {
    return this.ask(async () => {
      await api.pauseRenders(this.project, paused);
      this.paused = paused;
    });
  }

  // An answer has no number: events that came meanwhile are newer.
  private take(render: Render): void {
    const known = this.queue.renders.get(render.id);
    if (known && (isOver(known) || known.attempt > render.attempt)) return;
    this.queue = answered(this.queue, { items: [render], seq: this.queue.seq });
    void this.load();
  }

  private async ask(what: () => Promise<void>): Promise<boolean> {
    this.says = "";
    try {
      await what();
      return true;
    } catch (error) {
      this.says = problem(error);
      return false;
    }
  }
}

function problem(error: unknown): string {
  if (!(error instanceof Problem) || error.status === 0) return page.text.renderOffline;
  return error.detail ? `${error.title}: ${error.detail}` : explain(error);
}
