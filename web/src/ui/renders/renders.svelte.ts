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
  stepped,
  type WantedRender,
  waitingOf,
} from "../../sync/renders.ts";
import type { Session } from "../../sync/session.ts";
import { api, explain, page } from "../page.svelte.ts";

/** Between two looks at why things wait, while some do; in milliseconds. */
const lookEvery = 4_000;

/** What the server says when the list has to be read again. */
const notices: readonly unknown[] = ["renders", "budget"];

/** Renders of a project, and what is done with them. */
export class Renders {
  private queue = $state.raw<Queue>(emptyQueue);
  paused = $state(false);
  stopped = $state(false);
  budget = $state<"near" | "spent" | "">("");
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
  /** Those that wait, the next first. */
  readonly waiting = $derived(waitingOf(this.list));
  /** The ids of those that are tried again, or were. */
  readonly again = $derived(new Set(this.list.map(({ retries }) => retries ?? "")));
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
  private once = false;
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
        else if (event.type === "notice" && notices.includes(event["notice"])) void this.load();
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
      this.once = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = null;
      if (!this.once) return;
      this.once = false;
      void this.load();
    });
    return this.reading;
  }

  private async read(): Promise<void> {
    try {
      const found = await api.renders(this.project);
      this.queue = answered(this.queue, found);
      this.paused = found.paused;
      this.stopped = found.workspace_paused;
      this.budget = found.budget ?? "";
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

  /** Cancels renders. What waits is cancelled only as long as it does. */
  async cancel(renders: readonly Render[]): Promise<boolean> {
    return this.each(renders, async ({ id, state }) =>
      this.take(await api.cancelRender(id, state === "queued")),
    );
  }

  async retry(renders: readonly Render[]): Promise<boolean> {
    return this.each(renders, async ({ id }) => this.take(await api.retryRender(id)));
  }

  /** Puts waiting renders before all others of the project. */
  async next(renders: readonly Render[]): Promise<boolean> {
    const ids = new Set(renders.map(({ id }) => id));
    const first = this.waiting.find(({ id }) => !ids.has(id));
    if (!first) return true;
    const moved = this.waiting.filter(({ id }) => ids.has(id));
    return this.each(
      moved,
      async ({ id }) => void (await api.moveRender(id, { before: first.id })),
    );
  }

  /** Puts a waiting render before another. */
  async move(id: string, before: string): Promise<boolean> {
    if (id === before) return true;
    return this.ask(async () => {
      await api.moveRender(id, { before });
      await this.load();
    });
  }

  /** Moves a waiting render up or down by one. */
  async step({ id }: Render, by: -1 | 1): Promise<boolean> {
    const to = stepped(this.waiting, id, by);
    return to ? this.move(to.move, to.before) : true;
  }

  /** How long a render would take, in seconds and with what is before it; null when nobody knows. */
  async estimate(wanted: Pick<WantedRender, "kind" | "scene" | "preset">): Promise<number | null> {
    try {
      const { seconds, wait_seconds: wait } = await api.estimateRender(this.project, wanted);
      return seconds === undefined ? null : seconds + wait;
    } catch {
      return null; // it is a guess, and no more
    }
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

  // One after the other, so that they keep their order; the first that fails ends it.
  private each(renders: readonly Render[], what: (one: Render) => Promise<void>): Promise<boolean> {
    return this.ask(async () => {
      try {
        for (const one of renders) await what(one);
      } finally {
        void this.load();
      }
    });
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
