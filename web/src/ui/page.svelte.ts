// What holds for the whole page: where it is, in which language and theme, and
// who is signed in.
import { createApi, Problem, type User } from "../sync/api.ts";
import { forgetMedia } from "../sync/media.ts";
import { forgetSaved } from "../sync/store.ts";
import { type Language, languages, type Messages } from "./messages.ts";

export const api = createApi();

type Theme = "dark" | "light";

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}

function firstLanguage(): Language {
  const chosen = stored("language") ?? navigator.language.slice(0, 2);
  return chosen === "de" ? "de" : "en";
}

function firstTheme(): Theme {
  const chosen = stored("theme");
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

function lastUser(): User | null {
  try {
    return JSON.parse(stored("user") ?? "null") as User | null;
  } catch {
    return null;
  }
}

/** How old the session's secret gets, and how often that is looked at, in milliseconds. */
const secretAge = 24 * 3_600_000;
const secretLook = 3_600_000;

let keeping = false;

// keepSession gives the session a new secret once a day, so that who works here every
// day stays signed in, and a stolen copy of the old one is noticed. One tab does it.
function keepSession(): void {
  if (keeping) return;
  keeping = true;
  const look = async () => {
    if (Date.now() - Number(stored("refreshed") ?? 0) < secretAge) return;
    await api.refresh();
    store("refreshed", String(Date.now()));
  };
  const alone = () =>
    (navigator.locks ? navigator.locks.request("session", look) : look()).catch(() => undefined);
  void alone();
  setInterval(() => page.user && void alone(), secretLook);
}

class Page {
  path = $state(location.pathname);
  language = $state<Language>(firstLanguage());
  theme = $state<Theme>(firstTheme());
  /** undefined: not known yet; null: nobody. */
  user = $state<User | null | undefined>(undefined);

  get text(): Messages {
    return languages[this.language];
  }

  go(path: string): void {
    history.pushState(null, "", path);
    this.path = location.pathname;
  }

  setLanguage(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
    store("language", language);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    document.documentElement.dataset["theme"] = theme;
    store("theme", theme);
  }

  async findUser(): Promise<void> {
    try {
      this.user = await api.me();
      if (this.user) {
        store("user", JSON.stringify(this.user));
        keepSession();
      }
    } catch {
      // Offline: who was here last goes on with what this browser keeps.
      this.user = lastUser();
    }
  }

  signedIn(user: User): void {
    // What somebody else saw here is not for this person.
    if (lastUser()?.id !== user.id) void forgetMedia();
    this.user = user;
    store("user", JSON.stringify(user));
    store("refreshed", String(Date.now()));
    keepSession();
  }

  async signOut(): Promise<void> {
    await this.signOutHere();
    this.go("/signin");
  }

  /** Signs out and stays at this address, to sign in as somebody else. */
  async signOutHere(): Promise<void> {
    await api.signOut();
    if (this.user) await forgetSaved(this.user.id);
    await forgetMedia();
    try {
      localStorage.removeItem("user");
    } catch {
      // Nothing was kept.
    }
    this.user = null;
  }
}

export const page = new Page();
page.setTheme(page.theme);
page.setLanguage(page.language);
addEventListener("popstate", () => {
  page.path = location.pathname;
});

/** What went wrong, in words for people. */
export function explain(error: unknown): string {
  const text = page.text;
  if (!(error instanceof Problem)) return text.failed;
  if (error.status === 0) return text.unreachable;
  switch (error.type.split("#")[1]) {
    case "email-taken":
      return text.emailTaken;
    case "wrong-credentials":
      return text.wrongCredentials;
    case "too-many":
      return text.tooMany;
    case "too-young":
      return text.tooYoung;
    case "weak-password":
      return text.weakPassword;
    case "policy-not-accepted":
      return text.mustAccept;
    case "bad-email":
      return text.badEmail;
    case "last-owner":
      return text.lastOwner;
    case "forbidden":
      return text.notAllowed;
    case "invitation-ended":
      return text.inviteEnded;
    case "invitation-email":
      return text.inviteOther;
    case "invalid-request":
      return text.invalid;
    default:
      return text.failed;
  }
}
