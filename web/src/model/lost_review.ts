// What a kept copy of the review has of one person, and the project has not.
import type * as Y from "yjs";
import type { Hands, Lost } from "./lost.ts";
import { lostInserts, lostPieces } from "./lost_words.ts";
import { EditError } from "./refusal.ts";
import {
  type Anchor,
  type Approval,
  addThread,
  editMessage,
  listReview,
  type Message,
  type Review,
  reply,
  setApproval,
  type Thread,
} from "./review.ts";
import { local } from "./schema.ts";

/** What a comment may say, in UTF-16 units. */
const longest = 20_000;

/** A drawing with more points than these stays in the copy. */
const mostPoints = 2_000;

/** What one person's copy of the review has and the project has not. */
export function lostReview(kept: Y.Doc, live: Y.Doc, person: string): Lost[] {
  const was = listReview(kept);
  const now = listReview(live);
  const there = new Map(now.threads.map((thread) => [thread.id, thread]));
  const lost = was.threads.flatMap((thread) => {
    const own = thread.messages.filter(({ author, body }) => author === person && body.trim());
    if (own.length === 0) return [];
    const found = there.get(thread.id);
    return found ? lostMessages(found, own) : [lostThread(thread, own)];
  });
  return [...lost, ...lostVerdict(was, now, person)];
}

function lostThread(thread: Thread, own: Message[]): Lost {
  return {
    key: `thread/${thread.id}`,
    kind: "thread",
    of: "review",
    name: "",
    texts: own.map(({ body }) => ({ field: "text", pieces: [{ text: body, lost: true }] })),
    long: own.some(({ body }) => body.length > longest),
    bring: ({ reviewer }) => {
      const [first, ...others] = own.map(({ body }) => body.slice(0, longest));
      reviewer.doc.transact(() => {
        const id = addThread(reviewer, sane(thread.anchor), first ?? "");
        for (const body of others) reply(reviewer, id, body);
      }, local);
    },
  };
}

// sane is an anchor without what may be the reason why it was refused.
function sane({ on, id, start, end, shape, version }: Anchor): Anchor {
  const isId = (word: string | undefined) => word !== undefined && /^[\w-]{1,64}$/.test(word);
  const points = shape?.reduce((sum, each) => sum + each.points.length, 0) ?? 0;
  return {
    on,
    start,
    end,
    ...(id !== undefined && isId(id) ? { id } : {}),
    ...(version !== undefined && isId(version) ? { version } : {}),
    ...(shape && points <= mostPoints ? { shape } : {}),
  };
}

function lostMessages(thread: Thread, own: Message[]): Lost[] {
  return own.flatMap((message): Lost[] => {
    const now = thread.messages.find(({ id }) => id === message.id);
    const pieces = lostPieces(message.body, now?.body ?? "");
    if (!pieces.some(({ lost }) => lost)) return [];
    const to = { thread: thread.id, id: message.id, body: message.body };
    return [
      {
        key: `message/${thread.id}/${message.id}`,
        kind: now ? "message" : "reply",
        of: "review",
        name: thread.messages[0]?.body.slice(0, 80) ?? "",
        texts: [{ field: "text", pieces }],
        long: message.body.length > longest,
        bring: (hands) => bringMessage(hands, to),
      },
    ];
  });
}

function bringMessage(
  { reviewer }: Hands,
  { thread, id, body }: { thread: string; id: string; body: string },
): void {
  const found = listReview(reviewer.doc).threads.find((other) => other.id === thread);
  if (!found) throw new EditError("gone", "there is no such thread", thread);
  const now = found.messages.find((other) => other.id === id);
  if (!now) {
    reply(reviewer, thread, body.slice(0, longest));
    return;
  }
  let next = now.body;
  for (const { at, text } of lostInserts(body, now.body))
    next = next.slice(0, at) + text + next.slice(at);
  editMessage(reviewer, thread, id, next.slice(0, longest));
}

function lostVerdict(was: Review, now: Review, person: string): Lost[] {
  const mine = ({ approvals }: Review): Approval | undefined =>
    approvals.find((approval) => approval.person === person);
  const [kept, live] = [mine(was), mine(now)];
  if (!kept || kept.verdict === "none") return [];
  if (live && (live.at >= kept.at || live.verdict === kept.verdict)) return [];
  const { verdict, version } = kept;
  return [
    {
      key: `verdict/${verdict}/${kept.at}`,
      kind: "verdict",
      of: "review",
      name: verdict,
      texts: [],
      long: false,
      bring: ({ reviewer }) => setApproval(reviewer, verdict, version),
    },
  ];
}
