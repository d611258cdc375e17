// The media of a project: what there is, what is on its way, and what was
// found out about it.
import { type Asset, type Facts, Problem } from "../../sync/api.ts";
import { contentUrl, keepList, keptList, type Upload, upload } from "../../sync/media.ts";
import { api } from "../page.svelte.ts";

/** How large a file may be; the server has the last word. */
const maxBytes = 2 * 2 ** 30;

/** So many files go at once; the others wait. */
const atOnce = 2;

const lookTime = 15_000; // milliseconds that looking into a file may take

/** Why a file was not taken. */
export type UploadTrouble =
  | "type"
  | "broken"
  | "large"
  | "full"
  | "forbidden"
  | "offline"
  | "failed";

/** A file on its way, or one that did not arrive. */
export type Arrival = {
  readonly key: number;
  readonly name: string;
  readonly part: number;
  readonly trouble: UploadTrouble | null;
};

export class Library {
  readonly project: string;
  assets = $state.raw<ReadonlyMap<string, Asset>>(new Map());
  arrivals = $state.raw<readonly Arrival[]>([]);
  /** Assets that this browser could not show. */
  broken = $state.raw<ReadonlySet<string>>(new Set());

  private readonly uploads = new Map<number, Upload>();
  private readonly asked = new Set<string>();
  private next = 0;
  private going = 0;
  private readonly waiting: (() => void)[] = [];
  private closed = false;

  constructor(project: string) {
    this.project = project;
    addEventListener("online", this.onOnline);
    void this.load();
  }

  close(): void {
    this.closed = true;
    removeEventListener("online", this.onOnline);
    for (const { cancel } of this.uploads.values()) cancel();
  }

  /** Reads the list anew; offline it is the one that was kept. */
  async load(): Promise<void> {
    if (this.assets.size === 0) this.take(await keptList(this.project));
    try {
      const list = await api.assets(this.project);
      if (this.closed) return;
      this.assets = new Map(list.map((asset) => [asset.id, asset]));
      void keepList(this.project, list);
    } catch {
      // Offline, or not to be seen: what was kept stays.
    }
  }

  /** An asset; one that is not known here is asked for. */
  find(id: string): Asset | undefined {
    const found = this.assets.get(id);
    if (!found && !this.asked.has(id)) {
      this.asked.add(id);
      queueMicrotask(() => void this.load());
    }
    return found;
  }

  /** All that a cut can be made of, the latest first: not what was made of the cut. */
  get list(): Asset[] {
    return [...this.assets.values()]
      .filter(({ made }) => made !== "preview" && made !== "delivery")
      .reverse();
  }

  /** Sends files; those that arrived are returned, the others say why not. */
  async add(files: Iterable<File>): Promise<Asset[]> {
    const sent = await Promise.all([...files].map((file) => this.send(file)));
    return sent.filter((asset) => asset !== null);
  }

  /** Stops a file on its way, or forgets one that did not arrive. */
  dismiss(key: number): void {
    this.uploads.get(key)?.cancel();
    this.arrivals = this.arrivals.filter((arrival) => arrival.key !== key);
  }

  async remove(asset: string): Promise<void> {
    await api.deleteAsset(asset);
    this.assets = new Map([...this.assets].filter(([id]) => id !== asset));
    void keepList(this.project, [...this.assets.values()]);
  }

  /** Remembers that this browser cannot show an asset. */
  fail(asset: string): void {
    if (!this.broken.has(asset)) this.broken = new Set([...this.broken, asset]);
  }

  // What could not be shown for want of a network may be shown now.
  private readonly onOnline = (): void => {
    this.broken = new Set();
    void this.load();
  };

  private take(assets: readonly Asset[]): void {
    this.assets = new Map([...this.assets, ...assets.map((asset) => [asset.id, asset] as const)]);
  }

  private async send(file: File): Promise<Asset | null> {
    const key = this.next++;
    this.arrivals = [...this.arrivals, { key, name: file.name, part: 0, trouble: null }];
    const tell = (change: Partial<Arrival>) => {
      this.arrivals = this.arrivals.map((one) => (one.key === key ? { ...one, ...change } : one));
    };
    if (file.size > maxBytes) {
      tell({ trouble: "large" });
      return null;
    }
    await this.turn();
    try {
      // It may have been dismissed while it waited.
      if (!this.arrivals.some((one) => one.key === key)) return null;
      const going = upload(this.project, file, (part) => tell({ part }));
      this.uploads.set(key, going);
      const asset = await this.described(await going.done);
      this.take([asset]);
      void keepList(this.project, [...this.assets.values()]);
      this.dismiss(key);
      return asset;
    } catch (error) {
      tell({ trouble: troubleOf(error) });
      return null;
    } finally {
      this.uploads.delete(key);
      this.going--;
      this.waiting.shift()?.();
    }
  }

  private async turn(): Promise<void> {
    if (this.going >= atOnce) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.going++;
  }

  // described says of an asset that nobody has looked into what this browser finds.
  private async described(asset: Asset): Promise<Asset> {
    if (asset.facts) return asset;
    try {
      return await api.describeAsset(asset.id, await look(asset));
    } catch {
      return asset;
    }
  }
}

function troubleOf(error: unknown): UploadTrouble {
  if (!(error instanceof Problem)) return "failed";
  switch (error.type.split("#")[1]) {
    case "unsupported-media":
      return "type";
    case "broken-media":
      return "broken";
    case "file-too-large":
      return "large";
    case "project-full":
      return "full";
    case "forbidden":
      return "forbidden";
    default:
      return error.status === 0 ? "offline" : "failed";
  }
}

// look finds out what this browser can tell about an asset.
async function look({ id, kind }: Asset): Promise<Facts> {
  if (kind === "image") {
    const image = new Image();
    image.src = contentUrl(id);
    await image.decode();
    return { width: image.naturalWidth, height: image.naturalHeight };
  }
  if (kind === "file") throw new Error("it cannot be played");
  const element = document.createElement(kind);
  element.preload = "metadata";
  const loaded = new Promise<void>((resolve, reject) => {
    element.onloadedmetadata = () => resolve();
    element.onerror = () => reject(new Error("it cannot be played"));
    setTimeout(() => reject(new Error("it takes too long")), lookTime);
  });
  element.src = contentUrl(id);
  await loaded;
  const duration = { duration_ms: Math.max(1, Math.round(element.duration * 1000)) };
  if (!(element instanceof HTMLVideoElement)) return duration;
  return { ...duration, width: element.videoWidth, height: element.videoHeight };
}
