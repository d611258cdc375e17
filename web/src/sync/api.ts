// The client of the REST interface. Every request goes through one `send`;
// the session is a cookie that this code never sees.

/** An answer that is not a success, as RFC 9457 tells it; status 0 means that the server was not reached. */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  /** What is wrong with which field of the request, by its name. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(problem: {
    status: number;
    type?: string;
    title?: string;
    detail?: string;
    fields?: Record<string, string>;
  }) {
    super(problem.detail || problem.title || `status ${problem.status}`);
    this.name = "Problem";
    this.status = problem.status;
    this.type = problem.type ?? "about:blank";
    this.title = problem.title ?? "";
    this.detail = problem.detail ?? "";
    this.fields = problem.fields ?? {};
  }
}

export type User = { id: string; name: string; email: string; color: string; created_at: string };
export type Person = { id: string; name: string; color: string };
export type Role = "owner" | "admin" | "editor" | "commenter" | "viewer";
export type Workspace = { id: string; name: string; role: Role; created_at: string };
export type Project = {
  id: string;
  workspace: string;
  name: string;
  role: Role;
  created_at: string;
  updated_at: string;
};
export type Member = { user: Person; role: Role };
export type SignUp = {
  name: string;
  email: string;
  password: string;
  birth_year: number;
  accepted_policy: boolean;
};
export type Page<T> = { items: T[]; next_cursor?: string };

export type Api = {
  signUp(account: SignUp): Promise<User>;
  signIn(email: string, password: string): Promise<User>;
  signOut(): Promise<void>;
  /** The person signed in, or null. */
  me(): Promise<User | null>;
  renameMe(name: string): Promise<User>;
  workspaces(): Promise<Workspace[]>;
  createWorkspace(name: string): Promise<Workspace>;
  members(workspace: string): Promise<Member[]>;
  addMember(workspace: string, email: string, role: Role): Promise<Member>;
  projects(workspace: string): Promise<Project[]>;
  createProject(workspace: string, name: string): Promise<Project>;
  project(project: string): Promise<Project>;
  renameProject(project: string, name: string): Promise<Project>;
  deleteProject(project: string): Promise<void>;
  /** Names and colours of people; asked together and remembered. */
  people(ids: string[]): Promise<Map<string, Person>>;
};

/** A client of the server that served this page; `fetch` can be replaced in tests. */
export function createApi(_options?: { base?: string; fetch?: typeof fetch }): Api {
  throw new Error("sync: not written yet");
}
