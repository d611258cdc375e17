// The player keeps a deck for every piece of media at the playhead and for
// those that come next, puts their pictures on the screen in their order, and
// hands over from one to the next without a gap: the next stands at its first
// frame before it is wanted.
import { comingAt, type Layer, momentAt } from "../../model/cut.ts";
import type { Timeline } from "../../model/schema.ts";
import type { Asset } from "../../sync/api.ts";
import { createDeck, type Deck } from "./deck.ts";
import type { Desk } from "./desk.ts";

const ahead = 3; // seconds that are prepared
const maxDecks = 10; // media that are open at once

/** What the player is told to show. */
export type Show = {
  timeline: Timeline;
  frame: number;
  speed: number;
  asset: (layer: Layer) => Asset | undefined;
};

export type Player = {
  show(what: Show): void;
  /** Clips whose picture is on the screen. */
  seen(): ReadonlySet<string>;
  close(): void;
};

type Playing = { deck: Deck; wanted: number };

/** A player on a screen. `onchange` is called when other pictures are to be seen; `onfail` when an asset cannot be shown. */
export function createPlayer(
  screen: HTMLElement,
  desk: Desk,
  on: { change: () => void; fail: (asset: string) => void },
): Player {
  const decks = new Map<string, Playing>();
  let seen: ReadonlySet<string> = new Set();
  let current: Show | null = null;
  let turn = 0;

  const deckOf = (layer: Layer, asset: Asset): Playing => {
    const key = layer.clip.id;
    const found = decks.get(key);
    if (found?.deck.asset === asset.id) return found;
    found?.deck.close();
    const deck = createDeck(asset, desk, {
      ready: () => current && look(),
      fail: () => on.fail(asset.id),
    });
    deck.element.dataset["clip"] = key;
    deck.element.style.opacity = "0";
    screen.append(deck.element);
    const playing = { deck, wanted: turn };
    decks.set(key, playing);
    return playing;
  };

  const cue = (layer: Layer, show: Show, now: boolean): Playing | null => {
    const asset = show.asset(layer);
    if (!asset) return null;
    const playing = deckOf(layer, asset);
    playing.wanted = turn;
    const [num, den] = show.timeline.rate;
    playing.deck.cue({
      time: layer.time,
      speed: now ? show.speed * layer.clip.speed : 0,
      frame: den / num,
      level: now ? layer.level : 0,
    });
    return playing;
  };

  // look puts the pictures that are there on the screen, in their order.
  const look = () => {
    if (!current) return;
    const { pictures } = momentAt(current.timeline, current.frame);
    const shown = new Set<string>();
    for (const [i, layer] of pictures.entries()) {
      const playing = decks.get(layer.clip.id);
      if (playing?.wanted !== turn || !playing.deck.ready()) continue;
      shown.add(layer.clip.id);
      const { style } = playing.deck.element;
      style.zIndex = String(i + 1);
      style.opacity = String(layer.opacity);
    }
    for (const [key, { deck }] of decks) if (!shown.has(key)) deck.element.style.opacity = "0";
    if (shown.size !== seen.size || [...shown].some((id) => !seen.has(id))) {
      seen = shown;
      on.change();
    }
  };

  const tidy = () => {
    const idle = [...decks].filter(([, { wanted }]) => wanted !== turn);
    idle.sort(([, a], [, b]) => a.wanted - b.wanted);
    const over = decks.size - maxDecks;
    for (const [i, [key, { deck }]] of idle.entries()) {
      if (i < over) {
        deck.close();
        decks.delete(key);
      } else deck.cue({ time: 0, speed: 0, frame: 1e9, level: 0 });
    }
  };

  return {
    show(what) {
      current = what;
      turn++;
      const { pictures, sounds } = momentAt(what.timeline, what.frame);
      for (const layer of [...pictures, ...sounds]) cue(layer, what, true);
      const [num, den] = what.timeline.rate;
      const reach = Math.ceil(((ahead * num) / den) * Math.max(1, Math.abs(what.speed)));
      const from = what.speed < 0 ? Math.max(0, what.frame - reach) : what.frame;
      const coming = comingAt(what.timeline, from, reach);
      for (const layer of coming) {
        if (decks.size >= maxDecks && !decks.has(layer.clip.id)) break;
        if (decks.get(layer.clip.id)?.wanted !== turn) cue(layer, what, false);
      }
      look();
      tidy();
    },
    seen: () => seen,
    close() {
      for (const { deck } of decks.values()) deck.close();
      decks.clear();
      current = null;
    },
  };
}
