// Weighs one document and prints the bytes that it holds:
//   node --expose-gc memory.mjs yjs|ywasm DIRECTORY b4|mix apply|load
// It is a process of its own, as the memory of WebAssembly never shrinks. To
// load takes the final state that engine.mjs left.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { open, replay, updates } from "./engines.mjs";

const [, , which, dir, name, work] = process.argv;

const held = async () => {
	for (let i = 0; i < 5; i++) {
		gc();
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
};

// What is applied is read as it is needed, so that it is not weighed.
function* history() {
	if (work === "apply") yield* updates(dir, name);
	else yield new Uint8Array(readFileSync(join(dir, `${which}-${name}.state`)));
}

const engine = await open(which);
// An empty one, for what an engine needs only once.
engine.close(engine.open());
const before = await held();
const doc = replay(engine, history());
console.log((await held()) - before);
engine.close(doc); // it was held until here
