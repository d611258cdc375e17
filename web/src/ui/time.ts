const steps = [
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
] as const;

// What is written of a time that no calendar has.
const never = "—";

function known(ms: number): boolean {
  return !Number.isNaN(new Date(ms).getTime());
}

/** A time for machines, as the attribute of a time element. */
export function machineTime(ms: number): string | null {
  return known(ms) ? new Date(ms).toISOString() : null;
}

/** How long ago a time is, in words; a date when it is more than a week. */
export function ago(ms: number, language: string, now = Date.now()): string {
  if (!known(ms)) return never;
  const seconds = Math.round((ms - now) / 1000);
  const past = Math.abs(seconds);
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  if (past < 45) return words.format(0, "second");
  if (past > 7 * 86_400) return new Date(ms).toLocaleDateString(language, { dateStyle: "medium" });
  const [unit, size] = steps.findLast(([, length]) => past >= length) ?? steps[0];
  return words.format(Math.round(seconds / size), unit);
}

/** A time in full. */
export function inFull(ms: number, language: string): string {
  if (!known(ms)) return never;
  return new Date(ms).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}
