// Versions of a timeline, as the server keeps them.
import type { Send } from "./api.ts";

export type ChangeKind =
  | "scenes-added"
  | "scenes-deleted"
  | "scenes-moved"
  | "prompts-written"
  | "scenes-changed"
  | "takes-chosen"
  | "tracks-added"
  | "tracks-deleted"
  | "tracks-changed"
  | "clips-added"
  | "clips-split"
  | "clips-deleted"
  | "clips-moved"
  | "clips-trimmed"
  | "texts-written"
  | "clips-changed"
  | "markers-added"
  | "markers-deleted"
  | "markers-changed"
  | "settings-changed";

/** What was done to how many things, and what the first of them are called. */
export type Change = {
  kind: ChangeKind;
  count: number;
  names: { id: string; name?: string; number?: number }[];
};

export type VersionKind = "automatic" | "named" | "before-restore" | "restored" | "before-import";

export type Version = {
  id: string;
  project: string;
  kind: VersionKind;
  name?: string;
  person?: string;
  people: string[];
  changes: Change[];
  of?: string;
  before?: string;
  created_at: string;
};

/** A part of two texts: in both, or only in one of them. */
export type Piece = { in: "both" | "from" | "to"; text: string };

export type Thing = {
  root: "meta" | "scenes" | "tracks" | "clips" | "markers";
  id: string;
  name: string;
  number?: number;
  is: "added" | "deleted" | "changed";
  split?: boolean;
  fields?: { key: string; from?: unknown; to?: unknown; text?: Piece[] }[];
};

export type Compared = { changes: Change[]; things: Thing[] };

export type VersionsPage = { items: Version[]; next_cursor?: string };

type Writers = { items: { person: string; clients: number[] }[] };

/** What the server offers about versions. */
export function versionsApi(send: Send) {
  const of = (project: string) => `/projects/${encodeURIComponent(project)}`;
  const one = (version: string) => `/versions/${encodeURIComponent(version)}`;
  return {
    /** A page of versions, the newest first. */
    versions: (project: string, cursor = "") =>
      send<VersionsPage>(`${of(project)}/versions`, { query: cursor ? { cursor } : {} }),
    createVersion: (project: string, name: string) =>
      send<Version>(`${of(project)}/versions`, { method: "POST", body: { name } }),
    renameVersion: (version: string, name: string) =>
      send<Version>(one(version), { method: "PATCH", body: { name } }),
    deleteVersion: (version: string) => send<void>(one(version), { method: "DELETE" }),
    versionTimeline: <T>(version: string) => send<T>(`${one(version)}/timeline`),
    /** What came to be since a version. */
    compareVersion: (version: string) => send<Compared>(`${one(version)}/compare`),
    restoreVersion: (version: string) =>
      send<Version>(`${one(version)}/restore`, { method: "POST" }),
    /** Replaces a document that cannot be used any more; owners and admins may. */
    resetDocument: (
      project: string,
      document: "timeline" | "review",
      how: { version?: string; without?: string[] },
    ) =>
      send<{ version?: string }>(`${of(project)}/documents/${document}/reset`, {
        method: "POST",
        body: how,
      }),
    undoRestore: (version: string) => send<Version>(`${one(version)}/undo`, { method: "POST" }),
    /** The people behind the client ids of a timeline. */
    writers: async (project: string) => {
      const { items } = await send<Writers>(`${of(project)}/writers`);
      return new Map(items.flatMap(({ person, clients }) => clients.map((id) => [id, person])));
    },
  };
}
