// Media on their way to the server and from it, and what this browser keeps of
// them. The service worker keeps files that were seen on the same shelf.
import { type Asset, Problem, problemOf } from "./api.ts";

/** The shelf that the service worker keeps media on. */
const shelf = "media-1";

/** What was made of media here: strips of pictures, waveforms. */
const drawings = "drawings-1";

/** So many drawings are kept. */
const maxDrawings = 400;

// The link that this page was opened by, when a guest's.
let share: string | null = null;

/** Has media come by a link from now on: a guest's page shows nothing else. */
export function showShared(by: string): void {
  share = by;
}

/** Where the bytes of an asset are; another try is another address, as browsers remember what failed. */
export function contentUrl(asset: string, tries = 0): string {
  const from = share === null ? "" : `/shares/${encodeURIComponent(share)}`;
  const url = `/api/v1${from}/assets/${encodeURIComponent(asset)}/content`;
  return tries > 0 ? `${url}?try=${tries}` : url;
}

/** Where browsers save an asset from. */
export function downloadUrl(asset: string): string {
  return `${contentUrl(asset)}?download=true`;
}

/** A file on its way; `done` rejects with a Problem, of status 0 and type "canceled" after `cancel`. */
export type Upload = { done: Promise<Asset>; cancel(): void };

/** Sends a file to a project; `onprogress` hears the part that has gone, 0 to 1. */
export function upload(project: string, file: File, onprogress: (part: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Asset>((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onprogress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 201) resolve(body as Asset);
      else reject(problemOf(request.status, body));
    };
    request.onerror = () => reject(new Problem({ status: 0 }));
    request.onabort = () => reject(new Problem({ status: 0, type: "canceled" }));
  });
  const query = new URLSearchParams({ name: file.name });
  request.open("POST", `/api/v1/projects/${encodeURIComponent(project)}/assets?${query}`);
  request.setRequestHeader("content-type", "application/octet-stream");
  request.send(file);
  return { done, cancel: () => request.abort() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Keeps the list of a project's media for when there is no network. */
export async function keepList(project: string, assets: readonly Asset[]): Promise<void> {
  try {
    const cache = await caches.open(shelf);
    await cache.put(listUrl(project), new Response(JSON.stringify(assets)));
  } catch {
    // A browser that keeps nothing.
  }
}

/** The list that was kept last, or nothing. */
export async function keptList(project: string): Promise<Asset[]> {
  try {
    const kept = await (await caches.open(shelf)).match(listUrl(project));
    return kept ? ((await kept.json()) as Asset[]) : [];
  } catch {
    return [];
  }
}

function listUrl(project: string): string {
  return `/kept/assets/${encodeURIComponent(project)}`;
}

/** Keeps a drawing under a name; the oldest go when there are too many. */
export async function keepDrawing(name: string, drawing: Blob): Promise<void> {
  try {
    const cache = await caches.open(drawings);
    await cache.put(`/kept/drawings/${encodeURIComponent(name)}`, new Response(drawing));
    const keys = await cache.keys();
    for (const key of keys.slice(0, Math.max(0, keys.length - maxDrawings)))
      await cache.delete(key);
  } catch {
    // A browser that keeps nothing: it is drawn again the next time.
  }
}

/** A drawing that was kept, or null. */
export async function keptDrawing(name: string): Promise<Blob | null> {
  try {
    const cache = await caches.open(drawings);
    const kept = await cache.match(`/kept/drawings/${encodeURIComponent(name)}`);
    return kept ? await kept.blob() : null;
  } catch {
    return null;
  }
}

/** Removes all media that this browser keeps. */
export async function forgetMedia(): Promise<void> {
  try {
    await Promise.all([caches.delete(shelf), caches.delete(drawings)]);
  } catch {
    // Nothing was kept.
  }
}
