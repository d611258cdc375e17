// Measures the projection of the timeline in Node: node scripts/speed.mjs
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { module } = await runnerImport(join(root, "src/model/testing/speed.ts"), {
  root,
  configFile: false,
  logLevel: "error",
});
module.measure(console.log);
