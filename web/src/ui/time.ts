const steps = [
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
] as const;

/** How long ago a time is, in words; a date when it is more than a week. */
export function ago(ms: number, language: string, now = Date.now()): string {
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
  return new Date(ms).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}
