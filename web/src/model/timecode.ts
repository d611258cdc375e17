// Frames to and from timecode.

/** Frames a second as a fraction, as in `meta.rate`. */
export type Rate = readonly [number, number];

// Counting of timecode at a rate: whole frames a second, and how many numbers
// drop-frame skips at each minute but every tenth (0: it does not).
function counting([num, den]: Rate): { fps: number; drop: number } {
  const fps = Math.max(1, Math.round(num / den));
  const fractional = den === 1001 || Math.abs(num / den - fps) > 0.001;
  return { fps, drop: fractional && fps % 30 === 0 ? fps / 15 : 0 };
}

/** HH:MM:SS:FF at a rate; HH:MM:SS;FF (drop-frame) at 29.97 and 59.94. */
export function formatTimecode(frame: number, rate: Rate): string {
  const { fps, drop } = counting(rate);
  const sign = frame < 0 ? "-" : "";
  const count = withDropped(Math.abs(Math.round(frame)), fps, drop);
  const seconds = Math.floor(count / fps);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const digits = String(fps - 1).length;
  return `${sign}${parts.map((part) => pad(part, 2)).join(":")}${drop > 0 ? ";" : ":"}${pad(count % fps, Math.max(2, digits))}`;
}

/**
 * The frame that a timecode names, or null when it names none. Parts are read
 * from the right: "12" is frame 12, "3:12" three seconds and twelve frames,
 * up to hours; "120f" is a plain frame, "2.5s" a time in seconds. In
 * drop-frame, a number that is skipped names the first that follows it.
 */
export function parseTimecode(text: string, rate: Rate): number | null {
  const trimmed = text.trim();
  const plain = /^(\d+)f$/i.exec(trimmed);
  if (plain) return Number(plain[1]);
  const time = /^(\d+(?:\.\d+)?)s$/i.exec(trimmed);
  if (time) return secondsToFrames(Number(time[1]), rate);
  if (!/^\d+([:;.]\d+){0,3}$/.test(trimmed)) return null;
  const parts = trimmed.split(/[:;.]/).map(Number).reverse();
  const [frames = 0, seconds = 0, minutes = 0, hours = 0] = parts;
  const { fps, drop } = counting(rate);
  const several = parts.length > 1;
  if (
    (several && frames >= fps) ||
    (parts.length > 2 && seconds >= 60) ||
    (parts.length > 3 && minutes >= 60)
  ) {
    return null;
  }
  const total = hours * 60 + minutes;
  if (drop === 0) return (total * 60 + seconds) * fps + frames;
  const wholeMinutes = total + Math.floor(seconds / 60);
  const skipped = seconds % 60 === 0 && wholeMinutes % 10 !== 0 && frames < drop ? drop : frames;
  const dropped = drop * (wholeMinutes - Math.floor(wholeMinutes / 10));
  return (total * 60 + seconds) * fps + skipped - dropped;
}

/** Seconds of a number of frames. */
export function framesToSeconds(frames: number, [num, den]: Rate): number {
  return (frames * den) / num;
}

/** The nearest frame of a time in seconds. */
export function secondsToFrames(seconds: number, [num, den]: Rate): number {
  return Math.round((seconds * num) / den);
}

// withDropped adds the numbers that drop-frame has skipped up to a frame.
function withDropped(frame: number, fps: number, drop: number): number {
  if (drop === 0) return frame;
  const minute = fps * 60 - drop;
  const tenMinutes = minute * 10 + drop;
  const tens = Math.floor(frame / tenMinutes);
  const rest = frame % tenMinutes;
  // The first minute of ten has all its numbers.
  const minutes = rest < fps * 60 ? 0 : 1 + Math.floor((rest - fps * 60) / minute);
  return frame + drop * (tens * 9 + minutes);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
