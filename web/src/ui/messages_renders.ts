// What people read about renders.
import type { RenderState } from "../sync/renders.ts";

export const rendersEn = {
  renders: "Renders",
  renderScene: "Render",
  renderSceneAgain: "Render again",
  exportFilm: "Export film",
  renderPreview: "Preview of the cut",
  noRenders: "Nothing was rendered yet",
  noRendersHint:
    "Render a scene by its button in the storyboard, a preview or the whole film from here.",
  renderOffline: "Renders are on the server. They come back when you are online.",
  renderStates: {
    queued: "Waiting",
    running: "Rendering",
    done: "Done",
    failed: "Failed",
    canceled: "Cancelled",
  } satisfies Record<RenderState, string>,
  rendering: (n: number) => (n === 1 ? "1 render" : `${n} renders`),
  allRenders: "All",
  renderKinds: { scene: "Scene", preview: "Preview", delivery: "Film" },
  cancelRender: "Cancel",
  retryRender: "Try again",
  runNext: "Run next",
  downloadRender: "Download",
  pauseQueue: "Pause queue",
  resumeQueue: "Resume queue",
  queuePaused: "The queue of this project is paused. What runs goes on.",
  secondsLeft: (seconds: number) =>
    seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`,
  renderedIn: (seconds: number) =>
    `rendered in ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`,
  placeInQueue: (place: number) => (place === 1 ? "next" : `${place - 1} before it`),
  presetNames: {
    h264: "H.264 (MP4)",
    prores: "ProRes (MOV)",
    webm: "WebM",
    gif: "GIF",
    wav: "Sound only (WAV)",
  },
  preset: "Format of the film",
  burnCaptions: "Captions in the picture",
  olderRenders: "Older",
  attempt: (n: number) => `attempt ${n}`,
};

export const rendersDe: typeof rendersEn = {
  renders: "Rendern",
  renderScene: "Rendern",
  renderSceneAgain: "Neu rendern",
  exportFilm: "Film exportieren",
  renderPreview: "Vorschau des Schnitts",
  noRenders: "Noch nichts gerendert",
  noRendersHint:
    "Szenen rendert ihr Knopf im Storyboard, eine Vorschau oder den ganzen Film rendert man hier.",
  renderOffline: "Die Warteschlange ist auf dem Server. Sie kommt wieder, wenn du online bist.",
  renderStates: {
    queued: "Wartet",
    running: "Rendert",
    done: "Fertig",
    failed: "Fehlgeschlagen",
    canceled: "Abgebrochen",
  },
  rendering: (n: number) => (n === 1 ? "1 Rendern" : `${n} Rendern`),
  allRenders: "Alle",
  renderKinds: { scene: "Szene", preview: "Vorschau", delivery: "Film" },
  cancelRender: "Abbrechen",
  retryRender: "Nochmal",
  runNext: "Als Nächstes",
  downloadRender: "Herunterladen",
  pauseQueue: "Anhalten",
  resumeQueue: "Weiter",
  queuePaused: "Die Warteschlange dieses Projekts ist angehalten. Was läuft, läuft weiter.",
  secondsLeft: (seconds: number) =>
    seconds < 90 ? `noch etwa ${seconds} s` : `noch etwa ${Math.round(seconds / 60)} min`,
  renderedIn: (seconds: number) =>
    `in ${seconds < 10 ? seconds.toFixed(1).replace(".", ",") : Math.round(seconds)} s gerendert`,
  placeInQueue: (place: number) => (place === 1 ? "als Nächstes" : `${place - 1} davor`),
  presetNames: {
    h264: "H.264 (MP4)",
    prores: "ProRes (MOV)",
    webm: "WebM",
    gif: "GIF",
    wav: "Nur Ton (WAV)",
  },
  preset: "Format des Films",
  burnCaptions: "Untertitel im Bild",
  olderRenders: "Ältere",
  attempt: (n: number) => `Versuch ${n}`,
};
