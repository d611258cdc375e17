// The little of a Hocuspocus frame that the account of unsaved changes needs:
// which document it is for, and whether it carries or acknowledges an update.

/** What a frame means for the account; "other" for all that does not matter to it. */
export type Frame =
  | { kind: "handshake"; address: string }
  | { kind: "update"; address: string }
  | { kind: "status"; address: string; applied: boolean }
  | { kind: "other"; address: string };

const sync = 0;
const syncStatus = 8;
const step2 = 1;
const update = 2;

/** Reads the head of a frame; a frame that is too short is "other". */
export function readFrame(bytes: Uint8Array): Frame {
  const length = readUint(bytes, 0);
  const head = readUint(bytes, length.next + length.value);
  const address = new TextDecoder().decode(bytes.subarray(length.next, length.next + length.value));
  const detail = readUint(bytes, head.next);
  if (head.value === sync && detail.value === step2) return { kind: "handshake", address };
  if (head.value === sync && detail.value === update) return { kind: "update", address };
  if (head.value === syncStatus) return { kind: "status", address, applied: detail.value === 1 };
  return { kind: "other", address };
}

function readUint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let unit = 1;
  for (let i = at; i < bytes.length && unit < 2 ** 49; i++) {
    const byte = bytes[i] ?? 0;
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return { value, next: i + 1 };
    unit *= 128;
  }
  return { value: -1, next: bytes.length };
}

/** What the server says beside the documents: renders, notices. */
export type ServerEvent = { type: string } & Record<string, unknown>;

/** Reads an event of the server; null when it is none. */
export function parseEvent(payload: string): ServerEvent | null {
  try {
    const value: unknown = JSON.parse(payload);
    if (typeof value !== "object" || value === null || !("type" in value)) return null;
    return typeof value.type === "string" ? { ...value, type: value.type } : null;
  } catch {
    return null;
  }
}
