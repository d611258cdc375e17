// Frames to and from timecode.

/** Frames a second as a fraction, as in `meta.rate`. */
export type Rate = readonly [number, number];

/** HH:MM:SS:FF at a rate; HH:MM:SS;FF (drop-frame) at 29.97 and 59.94. */
export function formatTimecode(_frame: number, _rate: Rate): string {
  throw new Error("model: not written yet");
}
/** The frame that a timecode names, or null when it names none. Also takes "SS", "MM:SS", "SS:FF" parts as editors type them, and plain frames ("120f"). */
export function parseTimecode(_text: string, _rate: Rate): number | null {
  throw new Error("model: not written yet");
}
/** Seconds of a number of frames. */
export function framesToSeconds(_frames: number, _rate: Rate): number {
  throw new Error("model: not written yet");
}
/** The nearest frame of a time in seconds. */
export function secondsToFrames(_seconds: number, _rate: Rate): number {
  throw new Error("model: not written yet");
}
