// Timelines as files of other programs, out of the server and into it.
import { Problem, problemOf } from "./api.ts";

/** The kinds of files that there are, as the server calls them. */
export const formats = ["otio", "fcpxml", "edl", "srt", "vtt", "csv", "json"] as const;
export type Format = (typeof formats)[number];

/** What becomes of a file, in sentences. */
export type Report = { kept: string[]; changed: string[]; lost: string[] };

/** What an import did, or would do. */
export type Imported = { format: Format; report: Report };

/** So long may an import take, in milliseconds. */
const patience = 120_000;

/** The kind of a file by its name, if it is one of those. */
export function formatOf(name: string): Format | null {
  const low = name.toLowerCase();
  return formats.find((format) => low.endsWith(`.${format}`)) ?? null;
}

/** Where a project is as a file. */
export function exportUrl(project: string, format: Format): string {
  return `/api/v1/projects/${encodeURIComponent(project)}/export?format=${format}`;
}

/** What a format keeps of a project and what it cannot keep. Rejects with a Problem. */
export async function exportReport(project: string, format: Format): Promise<Report> {
  return reportIn(await ask(`${exportUrl(project, format)}&report=true`, {}));
}

/** Adds a file to a project, or only tells what would happen. Rejects with a Problem. */
export async function importFile(
  project: string,
  file: File,
  how: { format: Format | null; dryRun: boolean },
): Promise<Imported> {
  const query = new URLSearchParams({ name: file.name, dry_run: String(how.dryRun) });
  if (how.format) query.set("format", how.format);
  const path = `/api/v1/projects/${encodeURIComponent(project)}/import?${query}`;
  const headers = { "content-type": "application/octet-stream" };
  const answer = await ask(path, { method: "POST", headers, body: file });
  const format = formats.find((one) => one === field(answer, "format"));
  if (!format) throw new Problem({ status: 0, title: "the answer is no import" });
  return { format, report: reportIn(answer) };
}

async function ask(path: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      credentials: "same-origin",
      signal: AbortSignal.timeout(patience),
      ...init,
    });
    body = await response.json();
  } catch (error) {
    throw new Problem({ status: 0, title: error instanceof Error ? error.message : "" });
  }
  if (!response.ok) throw problemOf(response.status, body);
  return body;
}

function field(of: unknown, key: string): unknown {
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[key] : undefined;
}

function reportIn(answer: unknown): Report {
  const report = field(answer, "report");
  const lines = (key: string) => {
    const list = field(report, key);
    return Array.isArray(list) ? list.filter((line) => typeof line === "string") : [];
  };
  return { kept: lines("kept"), changed: lines("changed"), lost: lines("lost") };
}
