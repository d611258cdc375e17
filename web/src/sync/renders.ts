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
  reason?: Reason;
  result?: { asset: string; frames: number; seconds: number; cost: number };
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
  /** Why nothing can be rendered, in words. */
  missing?: string;
};

export type WantedRender = {
  kind: RenderKind;
  scene?: string;
  preset?: Preset;
  settings?: { burn?: boolean; label?: boolean; frame?: number; range?: [number, number] };
};

/** What the server offers about renders. */
export function rendersApi(send: Send) {
  const of = (project: string) => `/projects/${encodeURIComponent(project)}/renders`;
  const one = (render: string) => `/renders/${encodeURIComponent(render)}`;
  const post = <T>(path: string, body: unknown = undefined) =>
    send<T>(path, { method: "POST", ...(body === undefined ? {} : { body }) });
  return {
    /** A page of renders, the newest first. */
    renders: (project: string, cursor = "") =>
      send<RendersPage>(of(project), { query: cursor ? { cursor } : {} }),
    askRender: (project: string, wanted: WantedRender) => post<Render>(of(project), wanted),
    cancelRender: (id: string) => send<Render>(one(id), { method: "DELETE" }),
    retryRender: (id: string) => post<Render>(`${one(id)}/retry`),
    moveRender: (id: string, to: { priority?: number; before?: string }) =>
      post<Render>(`${one(id)}/move`, to),
    pauseRenders: (project: string, paused: boolean) =>
      send<void>(`${of(project)}/pause`, { method: "PUT", body: { paused } }),
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
  renders.set(event.render.id, event.render);
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
