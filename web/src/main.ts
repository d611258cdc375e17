import { mount } from "svelte";
import App from "./ui/App.svelte";
import "./ui/styles.css";

const target = document.getElementById("app");
if (target) mount(App, { target });

// A reload offline opens the page that was here last, with what is kept of the
// project. Without it everything else works, so nobody waits for it.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
