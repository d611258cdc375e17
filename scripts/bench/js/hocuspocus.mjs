// A Hocuspocus server without storage, which finds others through a Redis if it is
// given one: node hocuspocus.mjs PORT [REDIS_PORT]
import { Redis } from "@hocuspocus/extension-redis";
import { Server } from "@hocuspocus/server";

const [, , port, redis] = process.argv;
const extensions = redis ? [new Redis({ host: "127.0.0.1", port: Number(redis) })] : [];
const server = new Server({ address: "127.0.0.1", port: Number(port), quiet: true, extensions });
await server.listen();
console.log("listening");
