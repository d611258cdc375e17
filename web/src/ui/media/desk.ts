// The mixing desk: one clock for picture and sound, and a fader for each thing
// that is heard. It is made with the first play, as browsers demand a gesture.

const smooth = 0.015; // seconds in which a fader moves: no clicks
const patience = 0.4; // seconds after which a clock that stands is not waited for

/** A fader on the desk. */
export type Fader = { set(level: number): void; close(): void };

/** One clock, one master volume. */
export type Desk = {
  /** Makes sound possible; call from a gesture. */
  open(): void;
  /** Seconds that pass as what is heard does. */
  now(): number;
  /** Begins a stretch of time that is measured by `now`. */
  start(): void;
  /** A fader for an element, or null as long as the desk does not run. */
  fader(element: HTMLMediaElement): Fader | null;
  setVolume(volume: number): void;
  close(): void;
};

/** A desk that makes no sound yet. */
export function createDesk(): Desk {
  let context: AudioContext | null = null;
  let master: GainNode | null = null;
  let volume = 1;
  let began = { audio: 0, wall: 0 };
  let byWall = true;

  const wall = () => performance.now() / 1000;
  const now = () => {
    if (byWall || !context) return wall();
    const audio = context.currentTime - began.audio;
    // Without a device to play on, the clock of the sound may stand still.
    if (wall() - began.wall - audio > patience) {
      byWall = true;
      return wall();
    }
    return began.wall + audio;
  };
  return {
    open() {
      if (!context) {
        context = new AudioContext({ latencyHint: "interactive" });
        master = context.createGain();
        master.gain.value = volume;
        master.connect(context.destination);
      }
      if (context.state === "suspended") void context.resume();
    },
    now,
    start() {
      began = { audio: context?.currentTime ?? 0, wall: wall() };
      byWall = context?.state !== "running";
    },
    fader(element) {
      // An element that plays into a desk that stands still would stand still, too.
      if (!context || !master || context.state !== "running") return null;
      const own = context;
      const source = own.createMediaElementSource(element);
      const gain = own.createGain();
      gain.gain.value = 0;
      source.connect(gain).connect(master);
      return {
        set: (level) => gain.gain.setTargetAtTime(level, own.currentTime, smooth),
        close() {
          source.disconnect();
          gain.disconnect();
        },
      };
    },
    setVolume(next) {
      volume = next;
      if (context && master) master.gain.setTargetAtTime(next, context.currentTime, smooth);
    },
    close() {
      void context?.close();
      context = null;
    },
  };
}
