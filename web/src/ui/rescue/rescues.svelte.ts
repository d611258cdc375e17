// The copies that this browser kept of what could not be saved in a project, held
// against the project as it is.
import * as Y from "yjs";
import { EditError } from "../../model/commands.ts";
import { findLost, type Lost } from "../../model/lost.ts";
import { projectTimeline } from "../../model/project.ts";
import { listReview } from "../../model/review.ts";
import {
  discardRescue,
  listRescues,
  markBrought,
  type Rescue,
  rescueName,
} from "../../sync/rescue.ts";
import type { Studio } from "../editor/studio.svelte.ts";

/** A copy with what the project has not; null when the copy cannot be read. */
export type Held = { copy: Rescue; lost: Lost[] | null };

export class Rescues {
  held = $state.raw<Held[]>([]);
  private readonly studio: Studio;
  private readonly person: string;
  private readonly name: string;

  constructor(studio: Studio, person: string) {
    this.studio = studio;
    this.person = person;
    this.name = rescueName(person, studio.session.project);
  }

  /** Whether there is anything to offer. */
  get any(): boolean {
    return this.held.length > 0;
  }

  /** Whether any of it was not saved, and not only begun anew. */
  get unsaved(): boolean {
    return this.held.some(({ copy }) => copy.waiting > 0);
  }

  /** Looks which copies there are. One that is all back and saved goes, as does one without any change. */
  async look(): Promise<void> {
    const held: Held[] = [];
    const saved = this.studio.save.kind === "saved";
    for (const copy of await listRescues(this.name)) {
      const lost = this.compare(copy);
      const left = lost?.some(({ key }) => !copy.brought.includes(key)) ?? true;
      const done = copy.brought.length > 0 || copy.waiting === 0;
      if (left || !done) held.push({ copy, lost });
      else if (saved) await discardRescue(this.name, copy.id).catch(() => undefined);
    }
    this.held = held;
  }

  /** Whether this person may bring something back now. */
  may({ of }: Lost): boolean {
    return of === "timeline" ? this.studio.canEdit : this.studio.canComment;
  }

  /** Brings things of a copy back, and notes it. Returns those that could not be. */
  async bring(copy: Rescue, things: readonly Lost[]): Promise<Lost[]> {
    const failed: Lost[] = [];
    const { editor, reviewer } = this.studio;
    for (const lost of things) {
      try {
        lost.bring({ editor, reviewer });
      } catch (error) {
        if (!(error instanceof EditError)) throw error;
        failed.push(lost);
      }
    }
    const keys = things.filter((lost) => !failed.includes(lost)).map(({ key }) => key);
    const brought = [...copy.brought, ...keys];
    this.held = this.held.map((held) =>
      held.copy.id === copy.id ? { ...held, copy: { ...copy, brought } } : held,
    );
    // Where it cannot be noted, it is offered once more.
    await markBrought(this.name, copy.id, keys).catch(() => undefined);
    return failed;
  }

  async discard(copy: Rescue): Promise<void> {
    await discardRescue(this.name, copy.id);
    this.held = this.held.filter((held) => held.copy.id !== copy.id);
  }

  private compare({ states }: Rescue): Lost[] | null {
    const { timeline, review } = this.studio.session;
    return withDocs(states, (docs) => findLost(docs, { timeline, review }, this.person));
  }
}

/** All of a copy as a file that people and programs can read, with the documents as Yjs updates. */
export function fileOf({ copy, lost }: Held, project: string): Blob {
  const { states, why, reason, at } = copy;
  const content = withDocs(states, ({ timeline, review }) => ({
    ...(timeline ? { timeline: projectTimeline(timeline) } : {}),
    ...(review ? { review: listReview(review) } : {}),
  }));
  const missing = lost?.map(({ kind, name, texts }) => ({
    kind,
    name,
    texts: texts.map(({ field, pieces }) => ({
      field,
      text: pieces.map(({ text }) => text).join(""),
    })),
  }));
  const updates = Object.fromEntries(
    Object.entries(states).map(([kind, state]) => [kind, base64(state)]),
  );
  const file = {
    kind: "soratoo/rescue",
    project,
    kept_at: new Date(at).toISOString(),
    why,
    reason,
    missing,
    content,
    yjs_updates_base64: updates,
  };
  return new Blob([JSON.stringify(file, null, 2)], { type: "application/json" });
}

// withDocs reads the documents of a copy for as long as they are looked at.
function withDocs<T>(
  states: Rescue["states"],
  look: (docs: { timeline?: Y.Doc; review?: Y.Doc }) => T,
): T | null {
  const docs: { timeline?: Y.Doc; review?: Y.Doc } = {};
  try {
    for (const kind of ["timeline", "review"] as const) {
      const state = states[kind];
      if (!state) continue;
      const doc = new Y.Doc();
      docs[kind] = doc;
      Y.applyUpdate(doc, state);
    }
    return look(docs);
  } catch {
    return null;
  } finally {
    docs.timeline?.destroy();
    docs.review?.destroy();
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
