import { describe, expect, it } from "vitest";
import { readFrame } from "./frames.ts";
import { openLedger } from "./ledger.ts";

describe("the account of unsaved changes", () => {
  it("does not take an update for what only the handshake brings", () => {
    const ledger = openLedger();
    ledger.changed(); // while there was no connection
    ledger.changed();
    ledger.sent("update"); // of the second change, ahead of the handshake
    ledger.sent("handshake");
    expect(ledger.acknowledged()).toEqual({ changes: 0, before: false });
    expect(ledger.waiting()).toBe(2);
    expect(ledger.acknowledged()).toEqual({ changes: 2, before: false });
    expect(ledger.waiting()).toBe(0);
  });

  it("settles what is from before this page with the handshake alone", () => {
    const ledger = openLedger();
    ledger.restore(5);
    ledger.sent("handshake");
    ledger.changed();
    ledger.sent("update");
    expect(ledger.waiting()).toBe(6);
    expect(ledger.acknowledged()).toEqual({ changes: 0, before: true });
    expect(ledger.waiting()).toBe(1);
    expect(ledger.acknowledged()).toEqual({ changes: 1, before: false });
    expect(ledger.agreed()).toBe(false);
    ledger.received();
    expect(ledger.agreed()).toBe(true);
    ledger.disconnected();
    expect(ledger.agreed()).toBe(false);
  });

  it("ignores an answer to nothing", () => {
    const ledger = openLedger();
    ledger.changed();
    expect(ledger.acknowledged()).toEqual({ changes: 0, before: false });
    expect(ledger.waiting()).toBe(1);
  });
});

describe("the head of a frame", () => {
  const frame = (...bytes: number[]) => readFrame(new Uint8Array([3, 0x70, 0x2f, 0x74, ...bytes]));

  it("tells what the account needs", () => {
    const address = "p/t";
    expect(frame(0, 0, 1, 0)).toEqual({ kind: "other", address });
    expect(frame(0, 1, 2, 0, 0)).toEqual({ kind: "handshake", address });
    expect(frame(0, 2, 2, 0, 0)).toEqual({ kind: "update", address });
    expect(frame(8, 1)).toEqual({ kind: "status", address, applied: true });
    expect(frame(8, 0)).toEqual({ kind: "status", address, applied: false });
    expect(frame(1, 5)).toEqual({ kind: "other", address });
  });

  it("is read whatever comes", () => {
    expect(frame()).toEqual({ kind: "other", address: "p/t" });
    expect(readFrame(new Uint8Array()).kind).toBe("other");
    expect(readFrame(new Uint8Array(20).fill(0xff)).kind).toBe("other");
    expect(readFrame(new Uint8Array([9])).kind).toBe("other");
  });
});
