// The server that y-websocket 2 brings: node ywebsocket.mjs PORT
process.env.HOST = "127.0.0.1";
process.env.PORT = process.argv[2];
// By its path, because the package does not export it.
await import("./node_modules/y-websocket-2/bin/server.cjs");
