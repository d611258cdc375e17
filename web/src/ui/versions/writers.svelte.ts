// Who is behind the clients that wrote in a timeline, while one wants to know.
import { type ClipWriters, clipWriters, writtenBy } from "../../model/blame.ts";
import { sceneText } from "../../model/schema.ts";
import type { Person, User } from "../../sync/api.ts";
import type { Studio } from "../editor/studio.svelte.ts";
import { api, page } from "../page.svelte.ts";

/** Clients that nobody knows are asked for again after this long, in milliseconds. */
const askAgain = 3000;

/** The writers of an open project; the server is asked when it is turned on. */
export class Writers {
  /** Whether the page shows who wrote what. */
  on = $state(false);
  private people = $state.raw<ReadonlyMap<number, Person>>(new Map());
  private asked = 0;
  private readonly studio: Studio;
  private readonly user: User;

  constructor(studio: Studio, user: User) {
    this.studio = studio;
    this.user = user;
  }

  toggle(): void {
    this.on = !this.on;
    if (this.on) void this.learn();
  }

  /** Who writes as a client; who has gone has no name any more. */
  person(client: number): Person {
    const { session, people } = this.studio;
    if (client === session.timeline.clientID) return this.user;
    const known = this.people.get(client);
    if (known) return known;
    const here = people.find((presence) => presence.client === client);
    if (here) {
      const { person: id, name, color, guest } = here;
      return { id, name, color, ...(guest ? { guest } : {}) };
    }
    if (Date.now() - this.asked > askAgain) void this.learn();
    return nobody();
  }

  /** What a person had to do with a clip, in words. */
  ofClip(clip: string): { words: string; people: Person[] } {
    const { text } = page;
    const writers = clipWriters(this.studio.session.timeline, clip);
    const say: [keyof ClipWriters, (name: string) => string][] = [
      ["made", text.blameMade],
      ["place", text.blameMoved],
      ["span", text.blameTrimmed],
      ["text", text.blameText],
    ];
    const words: string[] = [];
    const people = new Map<string, Person>();
    for (const [key, tell] of say) {
      const client = writers[key];
      if (client === undefined) continue;
      const person = this.person(client);
      words.push(tell(person.name));
      people.set(person.id, person);
    }
    return { words: words.join(", "), people: [...people.values()] };
  }

  /** Everybody who wrote in the texts of the storyboard. */
  everybody(): Person[] {
    const people = new Map<string, Person>();
    for (const { id } of this.studio.timeline.scenes) {
      for (const field of ["title", "prompt", "notes"] as const) {
        const text = sceneText(this.studio.session.timeline, id, field);
        for (const { client } of text ? writtenBy(text) : []) {
          const person = this.person(client);
          people.set(person.id, person);
        }
      }
    }
    return [...people.values()];
  }

  private async learn(): Promise<void> {
    this.asked = Date.now();
    try {
      const clients = await api.writers(this.studio.session.project);
      const names = await api.people([...clients.values()]);
      this.people = new Map(
        [...clients].map(([client, person]) => [client, names.get(person) ?? nobody()]),
      );
    } catch {
      // Offline: who is here is known all the same.
    }
  }
}

function nobody(): Person {
  return { id: "", name: page.text.nobodyNow, color: "#64748b" };
}
