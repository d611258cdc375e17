// The account of one document's unsaved changes: which changes made here the
// server has acknowledged. Pure; the session tells it what happens.

/** What an acknowledgement settled: how many changes of this page, and whether all from before it was opened. */
export type Settled = { changes: number; before: boolean };

/** The account of one document. */
export type Ledger = {
  /** Changes that wait from before this page was opened. */
  restore(count: number): void;
  /** A change was made here. */
  changed(): void;
  /** A frame went out: the answer to the server's state vector, or an update. */
  sent(kind: "handshake" | "update"): void;
  /** The server acknowledged the oldest frame that was sent. */
  acknowledged(): Settled;
  /** The server's state is here. */
  received(): void;
  /** The connection is gone, and with it what was on its way. */
  disconnected(): void;
  waiting(): number;
  /** Both sides have what the other had when they met. */
  agreed(): boolean;
};

type Sent = { covers: number; handshake: boolean };

/** Opens an account with nothing in it. */
export function openLedger(): Ledger {
  let before = 0;
  let made = 0; // changes of this page
  let saved = 0; // of them, acknowledged
  let sent: Sent[] = [];
  let handed = false;
  let received = false;
  return {
    restore(count) {
      before = count;
    },
    changed() {
      made++;
    },
    sent(kind) {
      sent.push({ covers: made, handshake: kind === "handshake" });
    },
    acknowledged() {
      const frame = sent.shift();
      if (!frame) return { changes: 0, before: false };
      // Until the handshake is through, an update may be ahead of changes that
      // only the handshake brings.
      if (frame.handshake) handed = true;
      if (!handed) return { changes: 0, before: false };
      const changes = Math.max(0, frame.covers - saved);
      saved += changes;
      const settles = frame.handshake && before > 0;
      if (settles) before = 0;
      return { changes, before: settles };
    },
    received() {
      received = true;
    },
    disconnected() {
      sent = [];
      handed = false;
      received = false;
    },
    waiting: () => before + made - saved,
    agreed: () => handed && received,
  };
}
