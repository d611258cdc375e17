// Pages of one browser that have the same project open tell each other what is
// done while there is no network; with one, the server tells them.
import type { Kind } from "./store.ts";

/** The other pages of this browser. */
export type Tabs = { tell(kind: Kind, update: Uint8Array): void; close(): void };

/** Listens to the other pages with the same name; null where browsers cannot. */
export function openTabs(
  name: string,
  onupdate: (kind: Kind, update: Uint8Array) => void,
): Tabs | null {
  if (typeof BroadcastChannel === "undefined") return null;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data !== "object" || data === null) return;
    if (!("kind" in data) || !("update" in data)) return;
    const { kind, update } = data;
    if ((kind === "timeline" || kind === "review") && update instanceof Uint8Array)
      onupdate(kind, update);
  };
  return {
    tell: (kind, update) => channel.postMessage({ kind, update }),
    close: () => channel.close(),
  };
}
