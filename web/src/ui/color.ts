// Colours that come from the documents, and what can be read on them.
import type { Scene } from "../model/schema.ts";

/** Scenes without a colour of their own take one of these. */
const palette = [
  "#4f46e5",
  "#0d9488",
  "#d97706",
  "#e11d48",
  "#2563eb",
  "#7c3aed",
  "#0891b2",
  "#65a30d",
  "#c026d3",
  "#64748b",
] as const;

const dark = "#0b0d12";
const light = "#ffffff";

/** The colour of a scene: its own, or one that its id always gives. */
export function sceneColor(scene: Scene | undefined): string {
  if (!scene) return "#64748b";
  if (scene.color && /^#[0-9a-fA-F]{6}$/.test(scene.color)) return scene.color;
  let color = given.get(scene.id);
  if (!color) {
    color = palette[sum(scene.id) % palette.length] ?? palette[0];
    given.set(scene.id, color);
  }
  return color;
}

const given = new Map<string, string>();

/** What can be read on a colour: near black or white, whichever stands out more. */
export function ink(color: string): string {
  const base = luminance(color);
  return (base + 0.05) / (luminance(dark) + 0.05) >= 1.05 / (base + 0.05) ? dark : light;
}

/** A number that a text always gives. */
export function sum(text: string): number {
  return [...text].reduce((total, c) => (total * 31 + c.charCodeAt(0)) % 9973, 7);
}

// luminance as WCAG defines it.
function luminance(color: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
