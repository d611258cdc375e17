// The one socket of a project, with its two documents on it.
import { HocuspocusProviderWebsocket } from "@hocuspocus/provider";

/** The shortest and the longest wait before coming back, in milliseconds. */
const minWait = 300;
const maxWait = 15_000;

const open = 1; // the state of a socket that can be written to

/**
 * A provider's socket that sends only while it is open. What is said while it
 * is not would be said again by the handshake anyway; so nothing piles up
 * offline, and each frame that is reported as sent was sent once, in order.
 */
export class Line extends HocuspocusProviderWebsocket {
  /** Hears each frame that goes out. */
  onSend: ((frame: Uint8Array) => void) | null = null;

  constructor(url: string, socket?: typeof WebSocket) {
    super({
      url,
      autoConnect: false,
      delay: wait(),
      minDelay: minWait,
      maxDelay: maxWait,
      factor: 2,
      jitter: true,
      ...(socket ? { WebSocketPolyfill: socket } : {}),
    });
    // Many pages lose one server at once; they must not come back at once.
    this.on("close", () => {
      this.configuration.delay = wait();
    });
  }

  override send(message: unknown): void {
    if (!(message instanceof Uint8Array) || this.webSocket?.readyState !== open) return;
    this.onSend?.(message);
    super.send(message);
  }

  /** Ends the connection as if the other side had; it comes back after its wait. */
  cut(): void {
    this.emit("close", { event: { code: 1006, reason: "cut" } });
  }
}

function wait(): number {
  return minWait + Math.round(Math.random() * 3 * minWait);
}
