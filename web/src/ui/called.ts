import { page } from "./page.svelte.ts";

/** What somebody is called where people are listed; a guest, whose name is unchecked, is marked. */
export function called({ name, guest }: { name: string; guest?: true }): string {
  return guest ? `${name} (${page.text.guest})` : name;
}
