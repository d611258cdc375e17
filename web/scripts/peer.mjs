// People at pages, for the merge test of rooms/timeline: reads requests, one
// JSON array of calls a line, from standard input, and answers each with one
// line, the array of their results or {"error"}.

import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { module } = await runnerImport(join(root, "src/model/testing/peer.ts"), {
  root,
  configFile: false,
  logLevel: "error",
});

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    /** @type {unknown[][]} */
    const calls = JSON.parse(line);
    answer = calls.map((call) => module.answer(...call));
  } catch (error) {
    answer = { error: error instanceof Error ? error.stack : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
