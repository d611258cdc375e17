// Teams and accounts: who is in a workspace, who is asked in, where one is signed in.
import type { Member, Role, Send } from "./api.ts";

/** Somebody asked into a workspace who has not answered. */
export type Invitation = {
  id: string;
  /** Whose account it is for; absent: whoever has the link. */
  email?: string;
  role: Role;
  created_at: string;
  expires_at: string;
  /** Only right after it was made. */
  url?: string;
};
export type Session = {
  id: string;
  device: string;
  created_at: string;
  used_at: string;
  /** Whether it is this browser's. */
  current: boolean;
};
/** Where one is signed in, and when one of these sessions was last used by two. */
export type Sessions = { items: Session[]; reused_at?: string };

/** The part of the API that is about people. */
export function peopleApi(send: Send) {
  const at = encodeURIComponent;
  const members = (workspace: string) => `/workspaces/${at(workspace)}/members`;
  const invitations = (workspace: string) => `/workspaces/${at(workspace)}/invitations`;
  return {
    members: async (workspace: string) =>
      (await send<{ items: Member[] }>(members(workspace), { query: { limit: "200" } })).items,
    setRole: (workspace: string, person: string, role: Role) =>
      send<Member>(`${members(workspace)}/${at(person)}`, { method: "PATCH", body: { role } }),
    removeMember: (workspace: string, person: string) =>
      send<void>(`${members(workspace)}/${at(person)}`, { method: "DELETE" }),
    invitations: async (workspace: string) =>
      (await send<{ items: Invitation[] }>(invitations(workspace), { query: { limit: "200" } }))
        .items,
    invite: (workspace: string, role: Role, email: string) =>
      send<Invitation>(invitations(workspace), {
        method: "POST",
        body: email ? { role, email } : { role },
      }),
    revokeInvitation: (workspace: string, id: string) =>
      send<void>(`${invitations(workspace)}/${at(id)}`, { method: "DELETE" }),
    acceptInvitation: (token: string) =>
      send<{ workspace: string; role: Role }>("/invitations/accept", {
        method: "POST",
        body: { token },
      }),
    sessions: () => send<Sessions>("/me/sessions"),
    endSession: (id: string) => send<void>(`/me/sessions/${at(id)}`, { method: "DELETE" }),
    setPassword: (current_password: string, new_password: string) =>
      send<void>("/me/password", { method: "PUT", body: { current_password, new_password } }),
    /** Gives this browser's session a new secret and a new end. */
    refresh: () => send<unknown>("/sessions/refresh", { method: "POST" }),
  };
}
