// Writes the case files of the projection: `npm run cases`. Each holds updates
// of real Yjs, in the order to apply them, and the timeline that every
// implementation must make of them. The same seeds write the same bytes.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "cases");
const { module } = await runnerImport(join(root, "src/model/testing/cases.ts"), {
  root,
  configFile: false,
});

mkdirSync(folder, { recursive: true });
const cases = module.makeCases();
for (const file of readdirSync(folder)) {
  if (file.endsWith(".json") && !(file.slice(0, -5) in cases)) rmSync(join(folder, file));
}
for (const [name, made] of Object.entries(cases)) {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(made, null, 1)}\n`);
}
