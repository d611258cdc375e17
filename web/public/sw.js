// The page without its network: the last page that was served and its files,
// so that a reload offline opens what this browser keeps. The network always
// goes first for the page; files carry a hash of their content in their names.
const shelf = "page-1";

addEventListener("install", (event) => event.waitUntil(take().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || pathname.startsWith("/api")) return;
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
