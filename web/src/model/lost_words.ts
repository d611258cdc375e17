// Words of a kept text that another text does not have, and how they come back
// into it. Pure.

/** A part of a kept text; `lost`: the other text does not have it. */
export type Piece = { text: string; lost: boolean };

/** Texts that differ in more words than these, multiplied, are not compared word by word. */
const mostSteps = 4_000_000;

type Step = { in: "both" | "kept" | "live"; text: string };

/** The kept text in parts; nothing of it is lost but words. */
export function lostPieces(kept: string, live: string): Piece[] {
  const pieces: Piece[] = [];
  for (const step of compare(kept, live)) {
    if (step.in === "live") continue;
    const lost = step.in === "kept";
    const last = pieces.at(-1);
    if (last?.lost === lost) last.text += step.text;
    else pieces.push({ text: step.text, lost });
  }
  return pieces.map(({ text, lost }) => ({ text, lost: lost && text.trim() !== "" }));
}

/** The live text with the lost words put in, where they come in the kept one; as what to insert where, from the end on. */
export function lostInserts(kept: string, live: string): { at: number; text: string }[] {
  const inserts: { at: number; text: string }[] = [];
  let at = 0;
  for (const { in: where, text } of compare(kept, live)) {
    if (where !== "kept") at += text.length;
    else if (inserts[0]?.at === at) inserts[0].text += text;
    else inserts.unshift({ at, text });
  }
  return inserts
    .filter(({ text }) => text.trim() !== "")
    .map(({ at, text }) => ({ at, text: spaced(live.slice(0, at), text, live.slice(at)) }));
}

// spaced keeps what is put in apart from the words beside it.
function spaced(before: string, text: string, after: string): string {
  const head = /\S$/.test(before) && /^\S/.test(text) ? " " : "";
  const tail = /\S$/.test(text) && /^\S/.test(after) ? " " : "";
  return head + text + tail;
}

// compare goes through both texts word by word; what both have comes once.
function compare(kept: string, live: string): Step[] {
  const a = words(kept);
  const b = words(live);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  const most = Math.min(a.length, b.length) - head;
  while (tail < most && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const both = (list: string[]) => list.map((text): Step => ({ in: "both", text }));
  return [
    ...both(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...both(a.slice(a.length - tail)),
  ];
}

// middle finds the longest common row of words.
function middle(a: string[], b: string[]): Step[] {
  const steps: Step[] = [];
  const keep = (text: string) => steps.push({ in: "kept", text });
  const live = (text: string) => steps.push({ in: "live", text });
  if (a.length * b.length > mostSteps) {
    a.forEach(keep);
    b.forEach(live);
    return steps;
  }
  const width = b.length + 1;
  const rest = new Uint32Array((a.length + 1) * width);
  const length = (i: number, j: number) => rest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      rest[i * width + j] =
        a[i] === b[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      steps.push({ in: "both", text: a[i] ?? "" });
      i++;
      j++;
    } else if (j === b.length || (i < a.length && length(i + 1, j) >= length(i, j + 1)))
      keep(a[i++] ?? "");
    else live(b[j++] ?? "");
  }
  return steps;
}

function words(text: string): string[] {
  return text.match(/\s+|\S+/g) ?? [];
}
