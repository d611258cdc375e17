// Pictures of media for lists and for the timeline: strips of frames and
// waveforms. They are made one after another while the browser is idle, and kept.
import type { Asset } from "../../sync/api.ts";
import { contentUrl, keepDrawing, keptDrawing } from "../../sync/media.ts";

/** A strip has at most so many frames. */
const maxFrames = 48;
/** How high the frames of a strip are, in pixels. */
export const stripHeight = 80;
const patience = 15_000; // milliseconds for one place of a video
const maxSound = 96 << 20; // bytes of a file whose waveform is drawn
/** Loudest values of a waveform in one second. */
export const peaksPerSecond = 40;
const soundRate = 16_000; // samples a second are enough to see

/** Frames of a video side by side, each for an equal part of it. */
export type Strip = { image: ImageBitmap; frames: number };

const strips = new Map<string, Promise<Strip | null>>();
const waves = new Map<string, Promise<Uint8Array | null>>();
let queue: Promise<unknown> = Promise.resolve();

// later runs work when the browser has time, one after another.
function later<T>(work: (tries: number) => Promise<T | null>): Promise<T | null> {
  const run = async () => {
    await new Promise<void>((resolve) => {
      if ("requestIdleCallback" in globalThis)
        requestIdleCallback(() => resolve(), { timeout: 2000 });
      else setTimeout(resolve, 50);
    });
    for (let tries = 0; ; tries++) {
      try {
        return await work(tries);
      } catch {
        if (tries === 1) return null; // it cannot be drawn
      }
    }
  };
  const done = queue.then(run);
  queue = done;
  return done;
}

function once<T>(
  known: Map<string, Promise<T | null>>,
  key: string,
  make: () => Promise<T | null>,
): Promise<T | null> {
  const found = known.get(key);
  if (found) return found;
  const made = make();
  known.set(key, made);
  // What could not be drawn may be asked for again.
  void made.then((drawn) => drawn ?? known.delete(key));
  return made;
}

/** The strip of a video or an image, or null when there is none. */
export function stripOf(asset: Asset): Promise<Strip | null> {
  return once(strips, asset.id, async () => {
    const name = `strip/${asset.sha256}`;
    const drawing = (await keptDrawing(name)) ?? (await later((tries) => drawStrip(asset, tries)));
    if (!drawing) return null;
    void keepDrawing(name, drawing);
    const image = await createImageBitmap(drawing);
    return { image, frames: framesOf(asset) };
  });
}

/** How many frames the strip of an asset has. */
function framesOf(asset: Asset): number {
  if (asset.kind !== "video") return 1;
  const seconds = (asset.facts?.duration_ms ?? 1000) / 1000;
  return Math.max(1, Math.min(maxFrames, Math.ceil(seconds)));
}

async function drawStrip(asset: Asset, tries: number): Promise<Blob | null> {
  if (asset.kind === "audio") return null;
  if (asset.kind === "image") {
    const image = new Image();
    image.src = contentUrl(asset.id);
    await image.decode();
    return frameBlob(image, image.naturalWidth / image.naturalHeight);
  }
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  video.src = contentUrl(asset.id, tries);
  try {
    await heard(video, "loadeddata");
    const frames = framesOf(asset);
    const width = Math.max(1, Math.round((stripHeight * video.videoWidth) / video.videoHeight));
    const canvas = new OffscreenCanvas(width * frames, stripHeight);
    const context = canvas.getContext("2d");
    if (!context) return null;
    for (let i = 0; i < frames; i++) {
      video.currentTime = ((i + 0.5) / frames) * video.duration;
      await heard(video, "seeked");
      context.drawImage(video, i * width, 0, width, stripHeight);
    }
    return canvas.convertToBlob({ type: "image/jpeg", quality: 0.75 });
  } finally {
    video.removeAttribute("src");
    video.load();
  }
}

function frameBlob(image: CanvasImageSource, ratio: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(stripHeight * ratio)), stripHeight);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}

function heard(element: HTMLMediaElement, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const end = (act: () => void) => {
      clearTimeout(timer);
      stop.abort();
      act();
    };
    const timer = setTimeout(() => end(() => reject(new Error("too slow"))), patience);
    element.addEventListener(event, () => end(resolve), { signal: stop.signal });
    element.addEventListener("error", () => end(() => reject(new Error("not to be played"))), {
      signal: stop.signal,
    });
  });
}

/** The waveform of what is heard of an asset: the loudest value of each part of a second, 0 to 255; or null. */
export function waveOf(asset: Asset): Promise<Uint8Array | null> {
  return once(waves, asset.id, async () => {
    if (asset.kind === "image" || asset.size > maxSound) return null;
    if (asset.kind === "video" && !asset.facts?.channels) return null;
    const name = `wave/${asset.sha256}`;
    const kept = await keptDrawing(name);
    if (kept) return new Uint8Array(await kept.arrayBuffer());
    const peaks = await later(() => listen(asset));
    if (peaks) void keepDrawing(name, new Blob([peaks]));
    return peaks;
  });
}

async function listen(asset: Asset): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(contentUrl(asset.id));
  if (!answer.ok) throw new Error("it did not come");
  const bytes = await answer.arrayBuffer();
  const sound = await new OfflineAudioContext(1, 1, soundRate).decodeAudioData(bytes);
  const step = soundRate / peaksPerSecond;
  const peaks = new Uint8Array(Math.ceil(sound.length / step));
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let i = 0; i < peaks.length; i++) {
      // A long sound gives others their turn.
      if (i % 4096 === 4095) await new Promise((resolve) => setTimeout(resolve));
      let loudest = 0;
      const end = Math.min(samples.length, (i + 1) * step);
      for (let at = i * step; at < end; at++) {
        const value = Math.abs(samples[at] ?? 0);
        if (value > loudest) loudest = value;
      }
      peaks[i] = Math.max(peaks[i] ?? 0, Math.min(255, Math.round(loudest * 255)));
    }
  }
  return peaks;
}

/** A picture that stands for an asset in a list. */
export async function posterOf(asset: Asset): Promise<Blob | null> {
  if (asset.kind === "video") {
    const strip = await stripOf(asset);
    if (!strip) return null;
    const width = strip.image.width / strip.frames;
    const canvas = new OffscreenCanvas(width, stripHeight);
    const from = Math.floor(strip.frames / 3) * width;
    canvas
      .getContext("2d")
      ?.drawImage(strip.image, from, 0, width, stripHeight, 0, 0, width, stripHeight);
    return canvas.convertToBlob();
  }
  const peaks = await waveOf(asset);
  if (!peaks) return null;
  const canvas = new OffscreenCanvas(160, stripHeight);
  const context = canvas.getContext("2d");
  if (!context) return null;
  drawWave(context, {
    peaks,
    from: 0,
    to: peaks.length,
    width: 160,
    height: stripHeight,
    color: "#4fd1c0",
  });
  return canvas.convertToBlob();
}

/** A part of a waveform, and how it is drawn. */
export type Wave = {
  peaks: Uint8Array;
  from: number;
  to: number;
  width: number;
  height: number;
  color: string;
};

/** Draws a part of a waveform into a box at the left upper corner. */
export function drawWave(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  { peaks, from, to, width, height, color }: Wave,
): void {
  context.fillStyle = color;
  const perPixel = (to - from) / width;
  for (let x = 0; x < width; x++) {
    const first = Math.floor(from + x * perPixel);
    const last = Math.max(first + 1, Math.floor(from + (x + 1) * perPixel));
    let loudest = 0;
    for (let i = Math.max(0, first); i < Math.min(last, peaks.length); i++)
      loudest = Math.max(loudest, peaks[i] ?? 0);
    // Quiet sounds are to be seen, too.
    const strength = (loudest / 255) ** 0.6;
    const tall = first >= peaks.length || last <= 0 ? 0 : Math.max(1, strength * height * 0.92);
    context.fillRect(x, (height - tall) / 2, 1, tall);
  }
}
