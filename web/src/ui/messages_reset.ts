// What people read about documents that are damaged or begun anew.

export const resetEn = {
  damagedBanner:
    "A part of what was stored of this project is damaged and was set aside. Everything else is here, and an earlier version can be restored.",
  toVersions: "Versions",
  resetProject: "Reset…",
  resetTitle: "Reset a document",
  resetHint:
    "For a document that cannot be used any more. Whoever has it open starts afresh, and old copies do not bring back what goes.",
  resetWithout: "Take out of the comments all that somebody wrote",
  resetReview: "Remove all comments",
  resetTimeline: "Begin the storyboard and the cut anew; what they are is kept as a version",
  resetWho: "Whose",
  resetCopy: "Download a copy first",
  resetNow: "Reset",
  shareCrowded: (n: number) =>
    n === 1
      ? "One guest who wrote nothing made room for others."
      : `${n} guests who wrote nothing made room for others.`,
};

export const resetDe: typeof resetEn = {
  damagedBanner:
    "Ein Teil des Gespeicherten ist beschädigt und wurde beiseitegelegt. Alles andere ist da, und eine frühere Version lässt sich wiederherstellen.",
  toVersions: "Versionen",
  resetProject: "Zurücksetzen…",
  resetTitle: "Ein Dokument zurücksetzen",
  resetHint:
    "Für ein Dokument, das nicht mehr zu gebrauchen ist. Wer es offen hat, beginnt neu, und alte Kopien bringen nichts davon zurück.",
  resetWithout: "Aus den Kommentaren alles nehmen, was jemand geschrieben hat",
  resetReview: "Alle Kommentare entfernen",
  resetTimeline: "Storyboard und Schnitt neu beginnen; was sie sind, bleibt als Version",
  resetWho: "Von wem",
  resetCopy: "Vorher eine Kopie herunterladen",
  resetNow: "Zurücksetzen",
  shareCrowded: (n: number) =>
    n === 1
      ? "Ein Gast, der nichts geschrieben hat, hat anderen Platz gemacht."
      : `${n} Gäste, die nichts geschrieben haben, haben anderen Platz gemacht.`,
};
