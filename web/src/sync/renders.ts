// Renders of a project, as the server keeps them and tells of them.
import type { Send } from "./api.ts";
import type { ServerEvent } from "./frames.ts";

export type RenderState = "queued" | "running" | "done" | "failed" | "canceled";
export type RenderKind = "scene" | "preview" | "delivery";

/** What the embedded renderer makes of the cut. */
export const presets = [
  "h264",
  "prores",
  "webm",
  "gif",
  "still",
  "wav",
  "vtt",
  "srt",
  "package",
] as const;
export type Preset = (typeof presets)[number];

export type Reason = { code: string; message: string };

export type Render = {
  id: string;
  project: string;
  kind: RenderKind;
  scene?: string;
  title: string;
  backend: string;
  person: string;
  state: RenderState;
  /** 0 to 1. */
  progress: number;
  eta_seconds?: number;
  place?: number;
  waits_for?: Reason;
  priority: number;
  attempt: number;
  /** Frames that it will have. */
  frames?: number;
  /** The render that this one tries again. */
  retries?: string;
  /** The waiting render that this one was made of by an edit. */
  replaces?: string;
  reason?: Reason;
  result?: { asset: string; frames: number; seconds: number; cost: number };
  /** Of what is being made, as a data: address; in events only, now and then. */
  thumbnail?: string;
  created_at: string;
  started_at?: string;
  finished_at?: string;
  warnings?: { code: string; message: string; frame: number }[];
};

export type RendersPage = {
  items: Render[];
  next_cursor?: string;
  /** The number of the last event that the answer has. */
  seq: number;
  paused: boolean;
  /** All queues of the workspace are stopped. */
  workspace_paused: boolean;
  /** What the workspace may render in a day is nearly spent, or is. */
  budget?: "near" | "spent";
  /** Why nothing can be rendered, in words. */
  missing?: string;
};

export type WantedRender = {
  kind: RenderKind;
  scene?: string;
  preset?: Preset;
  settings?: { burn?: boolean; label?: boolean; frame?: number; range?: [number, number] };
  /** A waiting render, which is cancelled and whose place this one takes. */
  replaces?: string;
};

/** How long a render would take; without seconds, nothing like it was rendered yet. */
export type Estimate = { frames: number; seconds?: number; wait_seconds: number };

/** What a workspace may render in a day; 0 is no bound. */
export type Limits = {
  jobs: number;
  seconds: number;
  cost: number;
  /** From here on even what runs is stopped. */
  stop_seconds: number;
  stop_cost: number;
};

export type Budget = {
  budget: Limits;
  spent: { jobs: number; seconds: number; cost: number };
  paused: boolean;
};

/** What the server offers about renders. */
export function rendersApi(send: Send) {
  const of = (project: string) => `/projects/${encodeURIComponent(project)}/renders`;
  const one = (render: string) => `/renders/${encodeURIComponent(render)}`;
  const team = (workspace: string) => `/workspaces/${encodeURIComponent(workspace)}`;
  const post = <T>(path: string, body: unknown = undefined) =>
    send<T>(path, { method: "POST", ...(body === undefined ? {} : { body }) });
  return {
    /** A page of renders, the newest first. */
    renders: (project: string, cursor = "") =>
      send<RendersPage>(of(project), { query: cursor ? { cursor } : {} }),
    askRender: (project: string, wanted: WantedRender) => post<Render>(of(project), wanted),
    /** Cancels a render; a waiting one only as long as it waits. */
    cancelRender: (id: string, waiting: boolean) =>
      send<Render>(one(id), { method: "DELETE", query: waiting ? { if: "queued" } : {} }),
    retryRender: (id: string) => post<Render>(`${one(id)}/retry`),
    moveRender: (id: string, to: { priority?: number; before?: string }) =>
      post<Render>(`${one(id)}/move`, to),
    pauseRenders: (project: string, paused: boolean) =>
      send<void>(`${of(project)}/pause`, { method: "PUT", body: { paused } }),
    estimateRender: (project: string, wanted: Pick<WantedRender, "kind" | "scene" | "preset">) =>
      send<Estimate>(`${of(project)}/estimate`, { query: wanted }),
    pauseWorkspace: (workspace: string, paused: boolean) =>
      send<void>(`${team(workspace)}/renders/pause`, { method: "PUT", body: { paused } }),
    budget: (workspace: string) => send<Budget>(`${team(workspace)}/budget`),
    setBudget: (workspace: string, limits: Limits) =>
      send<Budget>(`${team(workspace)}/budget`, { method: "PUT", body: limits }),
  };
}

/** The renders that are known, and up to which event. */
export type Queue = {
  /** By id. */
  renders: ReadonlyMap<string, Render>;
  seq: number;
};

export const emptyQueue: Queue = { renders: new Map(), seq: 0 };

/** A queue after an answer of the server; an answer older than what is known changes nothing. */
export function answered(queue: Queue, page: Pick<RendersPage, "items" | "seq">): Queue {
  if (page.seq < queue.seq) return queue;
  const renders = new Map(queue.renders);
  for (const render of page.items) renders.set(render.id, render);
  return { renders, seq: page.seq };
}

/**
 * A queue after an event. `missed` says that events before it were not heard: the
 * list has to be read again. An event that is known already changes nothing.
 */
export function happened(
  queue: Queue,
  event: { render: Render; seq: number },
): { queue: Queue; missed: boolean } {
  if (event.seq <= queue.seq) return { queue, missed: false };
  const renders = new Map(queue.renders);
  // The last picture stands until there is another, or the render is over.
  const last = queue.renders.get(event.render.id)?.thumbnail;
  const keeps = last && event.render.state === "running" && !event.render.thumbnail;
  renders.set(event.render.id, keeps ? { ...event.render, thumbnail: last } : event.render);
  return { queue: { renders, seq: event.seq }, missed: event.seq > queue.seq + 1 };
}

/** The render that an event of the server is about; null when it is about none. */
export function renderOf(event: ServerEvent): { render: Render; seq: number } | null {
  const { render, seq } = event;
  if (event.type !== "render" || typeof seq !== "number") return null;
  if (typeof render !== "object" || render === null || !("id" in render)) return null;
  return { render: render as Render, seq };
}

/** Whether nothing happens to a render by itself any more. */
export function isOver({ state }: Render): boolean {
  return state === "done" || state === "failed" || state === "canceled";
}

/**
 * What is selected after a press on a render of a list: it alone; with Ctrl it as
 * well, or no more; with Shift all from the one that was pressed before.
 */
export function selected(
  list: readonly string[],
  before: { ids: ReadonlySet<string>; from: string },
  press: { id: string; ctrl: boolean; shift: boolean },
): { ids: ReadonlySet<string>; from: string } {
  const [a, b] = [list.indexOf(before.from), list.indexOf(press.id)];
  if (press.shift && a >= 0 && b >= 0) {
    const range = list.slice(Math.min(a, b), Math.max(a, b) + 1);
    return { ids: new Set([...(press.ctrl ? before.ids : []), ...range]), from: before.from };
  }
  if (!press.ctrl) return { ids: new Set([press.id]), from: press.id };
  const ids = new Set(before.ids);
  if (!ids.delete(press.id)) ids.add(press.id);
  return { ids, from: press.id };
}

/** Those that wait, the next first. */
export function waitingOf(list: readonly Render[]): Render[] {
  return list
    .filter(({ state }) => state === "queued")
    .sort((a, b) => (a.place ?? Number.MAX_SAFE_INTEGER) - (b.place ?? Number.MAX_SAFE_INTEGER));
}

/**
 * Before which waiting render one goes that is moved up or down by one; null when it
 * is first or last already. There is no end to be put at: down is the next one up.
 */
export function stepped(
  waiting: readonly Render[],
  id: string,
  step: -1 | 1,
): { move: string; before: string } | null {
  const at = waiting.findIndex((one) => one.id === id);
  const [upper, lower] = step < 0 ? [waiting[at - 1], waiting[at]] : [waiting[at], waiting[at + 1]];
  if (at < 0 || !upper || !lower) return null;
  return { move: lower.id, before: upper.id };
}
