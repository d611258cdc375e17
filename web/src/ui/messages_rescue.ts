// What people read about what could not be saved or cannot be shown.
export const rescueEn = {
  guardFailed: (what: string) => `Cannot be shown: ${what}`,
  guardAgain: "Try again",
  guardThread: "a comment",
  guardClip: "a clip",
  threadEmpty: "Nothing in this thread can be shown.",
  guest: "guest",
  rescueNotice: "Some of what you wrote could not be saved",
  rescueOld: "The project was begun anew. This browser kept what it had before.",
  rescueOpen: "Look at it",
  rescueTitle: "What could not be saved",
  rescueHint:
    "This browser kept it. What the project does not have is listed; bring back what you want as new edits of yours.",
  rescueInPage:
    "This browser cannot keep it: it is only in this page. Download it before you close the page.",
  rescueWhy: {
    refused: (reason: string) =>
      reason ? `The server refused a change: ${reason}` : "The server refused a change",
    reset: (reason: string) =>
      reason ? `The project was begun anew: ${reason}` : "The project was begun anew",
    tooLarge: (_: string) => "What this page sent was too large",
  },
  rescueOf: (when: string) => `Kept ${when}`,
  rescueNothing:
    "The project has all texts of this copy. Positions, lengths and settings may differ; they are in the download.",
  rescueUnreadable: "This copy cannot be read here. The download has it.",
  rescueKinds: {
    scene: "Scene",
    sceneText: "Text of a scene",
    clip: "Clip",
    clipText: "Text of a clip",
    marker: "Marker",
    thread: "Comment",
    reply: "Reply",
    message: "Changed comment",
    verdict: "Verdict",
  },
  rescueFields: { title: "Title", prompt: "Prompt", notes: "Notes", text: "Text" },
  rescueLong: "Longer than the project takes: the beginning is brought back, the download has all.",
  rescueBring: "Bring back as my edits",
  rescueBringAll: "Bring back all as my edits",
  rescueBringOf: (what: string) => `Bring back as my edits: ${what}`,
  rescueBrought: "Brought back",
  rescueReadOnly: "You may not edit this now.",
  rescueFailed: "This could not be brought back.",
  rescueDownload: "Download",
  rescueDiscard: "Discard",
  rescueSure: "Discard for good?",
};

export const rescueDe: typeof rescueEn = {
  guardFailed: (what) => `Kann nicht gezeigt werden: ${what}`,
  guardAgain: "Noch einmal",
  guardThread: "ein Kommentar",
  guardClip: "ein Clip",
  threadEmpty: "Nichts in diesem Faden kann gezeigt werden.",
  guest: "Gast",
  rescueNotice: "Etwas, das du geschrieben hast, konnte nicht gesichert werden",
  rescueOld: "Das Projekt wurde neu begonnen. Dieser Browser hat behalten, was er vorher hatte.",
  rescueOpen: "Ansehen",
  rescueTitle: "Was nicht gesichert werden konnte",
  rescueHint:
    "Dieser Browser hat es behalten. Hier steht, was das Projekt nicht hat; hole zurück, was du willst, als neue Änderung von dir.",
  rescueInPage:
    "Dieser Browser kann es nicht behalten: Es ist nur in dieser Seite. Lade es herunter, bevor du sie schließt.",
  rescueWhy: {
    refused: (reason) =>
      reason
        ? `Der Server hat eine Änderung abgelehnt: ${reason}`
        : "Der Server hat eine Änderung abgelehnt",
    reset: (reason) =>
      reason ? `Das Projekt wurde neu begonnen: ${reason}` : "Das Projekt wurde neu begonnen",
    tooLarge: (_) => "Was diese Seite schickte, war zu groß",
  },
  rescueOf: (when) => `Behalten ${when}`,
  rescueNothing:
    "Das Projekt hat alle Texte dieser Kopie. Positionen, Längen und Einstellungen können abweichen; sie stehen in der Datei zum Herunterladen.",
  rescueUnreadable: "Diese Kopie kann hier nicht gelesen werden. In der Datei ist sie ganz.",
  rescueKinds: {
    scene: "Szene",
    sceneText: "Text einer Szene",
    clip: "Clip",
    clipText: "Text eines Clips",
    marker: "Marke",
    thread: "Kommentar",
    reply: "Antwort",
    message: "Geänderter Kommentar",
    verdict: "Urteil",
  },
  rescueFields: { title: "Titel", prompt: "Prompt", notes: "Notizen", text: "Text" },
  rescueLong:
    "Länger, als das Projekt erlaubt: Der Anfang wird zurückgeholt, in der Datei steht alles.",
  rescueBring: "Als meine Änderung zurückholen",
  rescueBringAll: "Alles als meine Änderungen zurückholen",
  rescueBringOf: (what) => `Als meine Änderung zurückholen: ${what}`,
  rescueBrought: "Zurückgeholt",
  rescueReadOnly: "Du darfst das gerade nicht bearbeiten.",
  rescueFailed: "Das ließ sich nicht zurückholen.",
  rescueDownload: "Herunterladen",
  rescueDiscard: "Verwerfen",
  rescueSure: "Endgültig verwerfen?",
};
