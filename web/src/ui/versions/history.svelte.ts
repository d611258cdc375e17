// The versions of an open project, as far as they were asked for.
import { type Person, Problem } from "../../sync/api.ts";
import type { Version } from "../../sync/versions.ts";
import type { Studio } from "../editor/studio.svelte.ts";
import { api, page } from "../page.svelte.ts";

/** Versions in a list, and what is done with them. */
export class Versions {
  list = $state.raw<Version[]>([]);
  names = $state.raw<ReadonlyMap<string, Person>>(new Map());
  more = $state("");
  loaded = $state(false);
  busy = $state(false);
  /** What is wrong, or what was done. */
  says = $state("");
  /** The restore that was just made here, to be taken back. */
  made = $state.raw<Version | null>(null);

  private readonly project: string;
  private readonly stop: () => void;

  constructor(studio: Studio) {
    this.project = studio.session.project;
    this.stop = studio.session.onEvent((event) => {
      if (event.type === "notice" && event["notice"] === "versions") void this.load();
    });
    void this.load();
  }

  close(): void {
    this.stop();
  }

  /** Reads the newest versions. */
  async load(): Promise<void> {
    await this.ask(async () => this.show(await api.versions(this.project), []));
    this.loaded = true;
  }

  /** Reads the versions before those that are shown. */
  async older(): Promise<void> {
    await this.ask(async () => this.show(await api.versions(this.project, this.more), this.list));
  }

  async create(name: string): Promise<boolean> {
    return this.change(() => api.createVersion(this.project, name));
  }

  async rename(version: Version, name: string): Promise<boolean> {
    return this.change(() => api.renameVersion(version.id, name));
  }

  async remove(version: Version): Promise<boolean> {
    return this.change(() => api.deleteVersion(version.id));
  }

  async restore(version: Version): Promise<boolean> {
    return this.change(async () => {
      this.made = await api.restoreVersion(version.id);
      this.says = page.text.restoredNow;
    });
  }

  async undo(restored: Version): Promise<boolean> {
    return this.change(async () => {
      await api.undoRestore(restored.id);
      this.made = null;
    });
  }

  private async show(found: { items: Version[]; next_cursor?: string }, before: Version[]) {
    this.list = [...before, ...found.items];
    this.more = found.next_cursor ?? "";
    const ids = found.items.flatMap(({ person, people }) => [person ?? "", ...people]);
    this.names = new Map([...this.names, ...(await api.people(ids))]);
  }

  private async change(what: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    const done = await this.ask(async () => {
      await what();
      await this.show(await api.versions(this.project), []);
    });
    this.busy = false;
    return done;
  }

  private async ask(what: () => Promise<void>): Promise<boolean> {
    this.says = "";
    try {
      await what();
      return true;
    } catch (error) {
      this.says = problem(error);
      return false;
    }
  }
}

function problem(error: unknown): string {
  const { text } = page;
  if (!(error instanceof Problem) || error.status === 0) return text.versionOffline;
  return error.type.endsWith("#nothing-to-restore") ? text.sameAlready : error.title || text.failed;
}
