// One piece of media, ready to be shown or heard at any place of it.
import type { Asset } from "../../sync/api.ts";
import { contentUrl } from "../../sync/media.ts";
import type { Desk, Fader } from "./desk.ts";

/** Where a deck should be. */
export type Cue = {
  /** In seconds of the source; outside of it its first or last frame stands. */
  time: number;
  /** How fast it goes; 0 is parked. */
  speed: number;
  /** Of one frame, in seconds: nearer is there. */
  frame: number;
  /** 0 for what is only made ready. */
  level: number;
};

/** Media of a clip in the viewer. */
export type Deck = {
  readonly asset: string;
  readonly element: HTMLElement;
  /** Whether there is a picture to be seen. */
  ready(): boolean;
  cue(cue: Cue): void;
  close(): void;
};

const fastest = 4; // times; beyond, pictures are gone to one by one
const slowest = 0.25;
const apart = 0.25; // seconds from which a place is gone to instead of caught up with
const retries = [300, 1200]; // milliseconds before a file that did not come is asked for again
const hurry = 0.08; // how much faster or slower something goes to catch up
const lag = 1.5; // frames off from which it does, until it is half a frame off

/** A deck for an asset. `onready` is called when a picture has come, `onfail` when it cannot be shown. */
export function createDeck(
  asset: Asset,
  desk: Desk,
  on: { ready: () => void; fail: () => void },
): Deck {
  return asset.kind === "image" ? imageDeck(asset, on) : mediaDeck(asset, desk, on);
}

function imageDeck(asset: Asset, on: { ready: () => void; fail: () => void }): Deck {
  const element = new Image();
  element.alt = asset.name;
  element.decoding = "async";
  element.onload = on.ready;
  element.onerror = on.fail;
  element.src = contentUrl(asset.id);
  return {
    asset: asset.id,
    element,
    ready: () => element.complete && element.naturalWidth > 0,
    cue: () => undefined,
    close() {
      element.onload = null;
      element.onerror = null;
      element.remove();
      element.src = "";
    },
  };
}

function mediaDeck(asset: Asset, desk: Desk, on: { ready: () => void; fail: () => void }): Deck {
  const element = document.createElement(asset.kind === "video" ? "video" : "audio");
  let fader: Fader | null = null;
  let shown = false;
  let last: Cue | null = null;
  let catching = false;
  const end = asset.facts?.duration_ms ? asset.facts.duration_ms / 1000 : Infinity;

  element.preload = "auto";
  if (element instanceof HTMLVideoElement) {
    element.playsInline = true;
    element.disablePictureInPicture = true;
    onFrame(element, () => {
      shown = true;
      on.ready();
    });
  }
  // A line may break once; what is broken itself stays so.
  const again = retry((tries) => {
    element.src = contentUrl(asset.id, tries);
  }, on.fail);
  element.onerror = again.failed;
  // A place asked for while another was being gone to.
  element.onseeked = () => {
    if (last && last.speed === 0) park(element, last, end);
    on.ready();
  };
  element.onloadeddata = () => {
    if (last) park(element, last, end);
    on.ready();
  };
  element.src = contentUrl(asset.id);
  return {
    asset: asset.id,
    element,
    ready: () => shown || element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA,
    cue(cue) {
      last = cue;
      fader ??= desk.fader(element);
      const rolls = cue.speed >= slowest && cue.speed <= fastest && cue.time >= 0 && cue.time < end;
      fader?.set(rolls ? cue.level : 0);
      if (fader === null) element.muted = true;
      else element.muted = false;
      if (rolls) catching = roll(element, cue, catching);
      else park(element, cue, end);
    },
    close() {
      element.onerror = null;
      again.close();
      element.onseeked = null;
      element.onloadeddata = null;
      element.pause();
      fader?.close();
      element.remove();
      element.removeAttribute("src");
      element.load();
    },
  };
}

// retry tries again after each of some waits, and then gives up.
function retry(
  load: (tries: number) => void,
  giveUp: () => void,
): { failed(): void; close(): void } {
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    failed() {
      const wait = retries[tries++];
      if (wait === undefined) giveUp();
      else timer = setTimeout(() => load(tries), wait);
    },
    close: () => clearTimeout(timer),
  };
}

// onFrame calls back when the first picture was put on the screen.
function onFrame(element: HTMLVideoElement, call: () => void): void {
  if ("requestVideoFrameCallback" in element) element.requestVideoFrameCallback(call);
  else (element as HTMLVideoElement).addEventListener("loadeddata", call, { once: true });
}

// park goes to a place and stays there: in the middle of the frame, where no
// rounding leads to its neighbour.
function park(element: HTMLMediaElement, { time, frame }: Cue, end: number): void {
  if (!element.paused) element.pause();
  const to = Math.min(Math.max(0, time) + frame / 2, Math.max(0, end - frame / 2));
  if (element.seeking || element.readyState === 0) return;
  if (Math.abs(element.currentTime - to) > frame / 3) element.currentTime = to;
}

// roll keeps an element that plays with the clock: a little off is caught up
// with by going a little faster, far off is gone to. It returns whether it is
// catching up, which goes on until it is close: what is heard changes seldom.
function roll(element: HTMLMediaElement, { time, speed, frame }: Cue, catching: boolean): boolean {
  if (element.readyState === 0) return catching;
  const to = time + frame / 2;
  const off = to - element.currentTime;
  if (Math.abs(off) > Math.max(apart, apart * speed) && !element.seeking) element.currentTime = to;
  const catches = Math.abs(off) > frame * (catching ? 0.5 : lag);
  const rate = catches ? speed * (1 + Math.sign(off) * hurry) : speed;
  if (Math.abs(element.playbackRate - rate) > 0.001) element.playbackRate = rate;
  // A play that is stopped before it began says so; nobody needs to hear it.
  if (element.paused) element.play().catch(() => undefined);
  return catches;
}
