// Times one engine on the benchmark data and prints a line of JSON, with the
// milliseconds of each work:
//   node --expose-gc engine.mjs yjs|ywasm DIRECTORY RUNS
// It leaves the final states in the directory.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { open, readTrace, replay, updates } from "./engines.mjs";

const [, , which, dir, runsText] = process.argv;
const runs = Number(runsText);

const timed = (times, run) => {
	let best = Number.POSITIVE_INFINITY;
	for (let i = 0; i < times; i++) {
		gc();
		const began = performance.now();
		run();
		best = Math.min(best, performance.now() - began);
	}
	return best;
};

const engine = await open(which);
const result = {};

for (const name of ["b4", "mix"]) {
	const all = [...updates(dir, name)];
	result[`${name} apply`] = timed(runs, () => engine.close(replay(engine, all)));
	const doc = replay(engine, all);
	const whole = engine.encode(doc);
	writeFileSync(join(dir, `${which}-${name}.state`), whole);
	result[`${name} encode`] = timed(runs * 3, () => engine.encode(doc));
	engine.close(doc);
	result[`${name} load`] = timed(runs * 3, () => engine.close(replay(engine, [whole])));
	if (name === "b4" && engine.merge) {
		for (const n of [10_000, 20_000]) result[`b4 merge ${n}`] = timed(1, () => engine.merge(all.slice(0, n)));
	}
}
// Typing every key in ywasm takes a quarter of a minute: once is enough.
const trace = readTrace(dir);
result["b4 type"] = timed(which === "yjs" ? runs : 1, () => engine.type(trace));
console.log(JSON.stringify(result));
