// The page without its network: the last page that was served and its files,
// so that a reload offline opens what this browser keeps. The network always
// goes first for the page; files carry a hash of their content in their names.
const shelf = "page-1";

// Media that were seen are kept, too, within these bounds: what was put there
// first goes first. Whether they may still be seen is asked when there is a
// network, while they are shown from here.
const media = "media-1";
const mediaPath = /^\/api\/v1\/assets\/[0-9A-Za-z]+\/content$/;
const maxFile = 96 * 2 ** 20; // bytes of one file
const maxMedia = 768 * 2 ** 20; // bytes of all
const askEvery = 60_000; // milliseconds until the server is asked again about a file
const asked = new Map();
const coming = new Set();

addEventListener("install", (event) => event.waitUntil(take().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (mediaPath.test(pathname)) event.respondWith(medium(event, pathname));
  if (pathname.startsWith("/api")) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (pathname.startsWith("/assets/")) event.respondWith(file(request));
});

async function page(event) {
  try {
    const response = await fetch(event.request);
    const kind = response.headers.get("content-type") ?? "";
    if (response.ok && kind.startsWith("text/html")) event.waitUntil(keep(response.clone()));
    return response;
  } catch (error) {
    const kept = await (await caches.open(shelf)).match("/");
    if (kept) return kept;
    throw error;
  }
}

async function file(request) {
  const kept = await (await caches.open(shelf)).match(request);
  return kept ?? fetch(request);
}

async function take() {
  const response = await fetch("/", { cache: "no-cache" });
  if (response.ok) await keep(response);
}

// keep puts a page and the files that it names on the shelf, the page last:
// what is there can always be opened. Files that it no longer names go.
async function keep(response) {
  const cache = await caches.open(shelf);
  const text = await response.clone().text();
  const names = new Set(text.match(/\/assets\/[^"'\s>]+/g) ?? []);
  if (names.size === 0) return;
  for (const name of names) if (!(await cache.match(name))) await cache.add(name);
  await cache.put("/", response);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname !== "/" && !names.has(pathname)) await cache.delete(request);
  }
}

// medium answers with a file that is kept, or a part of it; else the network
// does, and the file is fetched to be kept.
async function medium(event, path) {
  const cache = await caches.open(media);
  const kept = await cache.match(path);
  if (kept) {
    event.waitUntil(ask(cache, path, kept.headers.get("etag")));
    return part(kept, event.request.headers.get("range"));
  }
  const response = await fetch(event.request);
  if (response.ok && size(response) <= maxFile) event.waitUntil(keepMedium(cache, path));
  // Browsers refuse media of which one part is from the network and another
  // was made here: all parts are made here.
  const { status, headers } = response;
  return new Response(response.body, { status, headers });
}

function size({ headers }) {
  const whole = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  return Number(whole ?? headers.get("content-length") ?? Number.POSITIVE_INFINITY);
}

async function keepMedium(cache, path) {
  if (coming.has(path)) return;
  coming.add(path);
  try {
    const response = await fetch(path);
    if (response.status !== 200 || size(response) > maxFile) return;
    await cache.put(path, response);
    await bound(cache);
  } catch {
    // The network went: it is fetched when it is seen again.
  } finally {
    coming.delete(path);
  }
}

async function bound(cache) {
  const files = (await cache.keys()).filter(({ url }) => mediaPath.test(new URL(url).pathname));
  let total = 0;
  for (const request of files.reverse()) {
    const kept = await cache.match(request);
    total += kept ? size(kept) : 0;
    if (total > maxMedia) await cache.delete(request);
  }
}

// ask takes away what the server says is not to be seen any more.
async function ask(cache, path, tag) {
  if (Date.now() - (asked.get(path) ?? 0) < askEvery) return;
  asked.set(path, Date.now());
  try {
    const response = await fetch(path, { headers: { "if-none-match": tag ?? "" }, cache: "no-store" });
    if ([401, 403, 404].includes(response.status)) await cache.delete(path);
    await response.body?.cancel();
  } catch {
    asked.delete(path); // no network: later
  }
}

// part cuts what a Range asks for out of a file.
async function part(kept, range) {
  const wanted = /^bytes=(\d*)-(\d*)$/.exec(range ?? "");
  if (!wanted) return new Response(kept.body, { status: kept.status, headers: kept.headers });
  const [, first, last] = wanted;
  const whole = await kept.blob();
  const from = first === "" ? Math.max(0, whole.size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? whole.size - 1 : Math.min(Number(last), whole.size - 1);
  const headers = new Headers(kept.headers);
  if (from > to) {
    headers.set("content-range", `bytes */${whole.size}`);
    return new Response(null, { status: 416, headers });
  }
  headers.set("content-range", `bytes ${from}-${to}/${whole.size}`);
  headers.set("content-length", String(to - from + 1));
  return new Response(whole.slice(from, to + 1), { status: 206, headers });
}
