// How smooth the timeline is: a project of 2,000 clips, twenty people who edit
// and move about in it, and one page on which clips are dragged meanwhile.
// Prints JSON: a row of frame times for each gesture.
import * as Y from "yjs";
import * as site from "./site.mjs";

const clips = 2_000;
const people = 20;
const seconds = Number(process.env.SORATOO_BENCH_SECONDS ?? 5);
const perClip = 60; // frames
const sceneCount = 100;
const editEvery = 1_000; // milliseconds, each person
const moveEvery = 100; // milliseconds, each person
const frame = 1000 / 60;
const sight = { from: 25_000, length: 1_400 }; // frames that the page shows, where the people are
const zooms = { cut: 0.9, overview: 0.011 }; // pixels a frame

// A seeded generator, so that each run does the same.
function seeded(seed) {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const order = (n) => n.toString(36).padStart(6, "0");
const id = (kind, n) => `${kind}${String(n).padStart(21, "0")}`;

function put(root, key, entries) {
  root.set(key, new Y.Map(Object.entries(entries)));
}

// build writes a long cut: three quarters story, the rest on four other tracks.
function build(doc) {
  const random = seeded(1);
  const tracks = ["video", "video", "audio", "caption"];
  const story = Math.floor(clips * 0.75);
  doc.transact(() => {
    const [home] = doc.getMap("tracks").keys();
    for (const key of [...doc.getMap("clips").keys()]) doc.getMap("clips").delete(key);
    for (const [n, kind] of tracks.entries())
      put(doc.getMap("tracks"), id("t", n), { order: `z${order(n)}`, kind, name: `${kind} ${n}` });
    for (let n = 0; n < sceneCount; n++) {
      const text = (words) => new Y.Text(words);
      put(doc.getMap("scenes"), id("s", n), {
        order: order(n),
        title: text(`Scene ${n}`),
        prompt: text("A slow push through fog towards a lit window, seen from the water."),
        notes: text(""),
        length: 480,
      });
    }
    for (let n = 0; n < clips; n++) {
      const tied = n - story;
      const length = perClip - 20 + random(40);
      const track = id("t", tied % tracks.length);
      const at = { clip: id("c", random(story)), offset: random(20), at: 0 };
      put(doc.getMap("clips"), id("c", n), {
        place: tied < 0 ? { track: home, order: order(n), gap: 0 } : { track, ...at },
        span: { in: random(300), length },
        source: tied < 0 || tied % 4 < 2 ? { scene: id("s", n % sceneCount) } : { title: "line" },
        label: `Take ${n}`,
      });
    }
  });
}

// near names a clip of the story that the page shows, or one close to it.
function near(random) {
  return id("c", Math.floor(sight.from / perClip) + random(40));
}

// live lets somebody edit and move about until it is stopped.
function live(client, seed) {
  const random = seeded(seed);
  const { document, provider } = client;
  let at = sight.from + random(sight.length);
  const move = setInterval(() => {
    at = sight.from + ((at - sight.from + random(21)) % sight.length);
    const selection = [near(random)];
    provider.awareness.setLocalState({ person: "", cursor: { playhead: at, selection } });
  }, moveEvery);
  const edit = setInterval(() => {
    const clip = document
      .getMap("clips")
      .get(random(4) === 0 ? near(random) : id("c", random(clips)));
    const span = clip?.get("span");
    if (!span) return;
    if (random(3) === 0) clip.set("label", `Take ${random(1000)}`);
    else clip.set("span", { in: span.in, length: 30 + random(60) });
  }, editEvery);
  return () => {
    clearInterval(move);
    clearInterval(edit);
  };
}

// measured collects the times between the frames of a page while something is done.
async function measured(page, what, act) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  };
  const worked = await busy();
  await page.evaluate(() => {
    const times = [];
    window.frames_ = times;
    const step = (now) => {
      times.push(now);
      if (window.frames_ === times) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  await act();
  const work = (await busy()) - worked;
  await session.detach();
  const times = await page.evaluate(() => {
    const all = window.frames_;
    window.frames_ = null;
    return all;
  });
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  gaps.sort((a, b) => a - b);
  const part = (share) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))];
  const dropped = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / frame) - 1), 0);
  const total = times.at(-1) - times[0];
  return {
    what,
    frames: gaps.length,
    work: work / gaps.length,
    perSecond: (gaps.length / total) * 1000,
    p50: part(0.5),
    p95: part(0.95),
    p99: part(0.99),
    max: gaps.at(-1),
    dropped,
  };
}

// drag moves the mouse to and fro from a point, as often as a mouse reports.
async function drag(page, from, reach) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  const began = performance.now();
  for (let now = 0; now < seconds * 1000; now = performance.now() - began) {
    await page.mouse.move(from.x + Math.sin(now / 400) * reach, from.y + Math.sin(now / 900) * 6);
    await new Promise((resolve) => setTimeout(resolve, 6));
  }
  await page.keyboard.press("Escape");
  await page.mouse.up();
}

async function middle(page, edge = 0.5) {
  const all = await page.getByTestId("story-track").getByTestId("clip").all();
  for (const clip of all) {
    const box = await clip.boundingBox();
    if (box && box.x > 600 && box.x < 900 && box.width > 8)
      return { x: box.x + (edge === 1 ? box.width - 3 : box.width * edge), y: box.y + 40 };
  }
  throw new Error("no clip in the middle of the view");
}

async function zoomTo(page, zoom) {
  await page.evaluate((to) => {
    const scroller = document.querySelector("[data-testid=timeline-scroller]");
    const box = scroller.getBoundingClientRect();
    const now = () => Number(scroller.dataset.zoom);
    const at = {
      ctrlKey: true,
      bubbles: true,
      cancelable: true,
      clientX: box.left + 700,
      clientY: box.top + 90,
    };
    scroller.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: -300 * Math.log(to / now()) }));
  }, zoom);
  await page.waitForTimeout(500);
  await page.evaluate((left) => {
    document.querySelector("[data-testid=timeline-scroller]").scrollLeft = left;
  }, sight.from * zoom);
  await page.waitForTimeout(500);
}

const browser = await site.startBrowser();
const access = await site.token("Ada");
const at = await site.newProject(access, "A long cut");
const crowd = [];
for (let i = 0; i < people; i++) crowd.push(await site.hocuspocus(access, at));
try {
  build(crowd[0].document);
  await crowd[0].saved();
  const somebody = await site.enter(browser, "Ada");
  const { page } = somebody;
  await page.goto(`${site.url}/p/${at}`);
  await page.getByTestId("timeline-scroller").waitFor();
  await site.saved(page);
  await page.waitForTimeout(1500);
  const rows = [];
  const wait = () => page.waitForTimeout(seconds * 1000);
  await zoomTo(page, zooms.cut);
  rows.push(await measured(page, "nothing, alone", wait));
  const stops = crowd.map((client, i) => live(client, i + 2));
  await page.waitForTimeout(1000);
  rows.push(await measured(page, "nothing, while 20 people edit", wait));
  const dragging = async () => drag(page, await middle(page), 330);
  rows.push(await measured(page, "a clip is dragged through the story", dragging));
  const trimming = async () => drag(page, await middle(page, 1), 40);
  rows.push(await measured(page, "an edge is trimmed, the story ripples", trimming));
  const scrolling = async () => {
    for (let i = 0; i < seconds * 60; i++) {
      await page.mouse.wheel(i % 120 < 60 ? 60 : -60, 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  rows.push(await measured(page, "the timeline is scrolled", scrolling));
  await site.picture(page, "bench-cut");
  await zoomTo(page, zooms.overview);
  await site.picture(page, "bench-overview");
  rows.push(
    await measured(page, "a clip is dragged, all 2,000 in sight", () =>
      drag(page, { x: 700, y: 700 }, 330),
    ),
  );
  for (const stop of stops) stop();
  console.log(JSON.stringify(rows, null, 1));
} finally {
  for (const client of crowd) client.close();
  await browser.close();
}
process.exit(0);
