import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The server to talk to while `npm run dev` serves the page.
const server = process.env["SORATOO_PUBLIC_URL"] ?? "http://localhost:8080";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    sourcemap: false,
    // The page's policy allows no inline script and no data: script.
    assetsInlineLimit: 0,
    // The editor is one screen; Yjs and CodeMirror are most of it.
    chunkSizeWarningLimit: 800,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": server,
      "/collab": { target: server, ws: true },
    },
  },
});
