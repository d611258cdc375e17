// What the projection mends, and what would settle it for good.
import type { Repair, RepairKind } from "./schema.ts";

const rules: Record<RepairKind, Repair["rule"]> = {
  malformed: 1,
  ignored: 1,
  recovered: 2,
  cut: 3,
  hidden: 3,
  shortened: 5,
  dropped: 5,
  untied: 6,
  clamped: 7,
};

/** Something that was mended. */
export function repair(kind: RepairKind, root: Repair["root"], id: string, field: string): Repair {
  return { rule: rules[kind], kind, root, id, field };
}

/**
 * How the command `settle` makes a repair unnecessary: it writes what is shown
 * into the register, takes away what is not shown, or moves the clip to a new track.
 */
export type Settlement = "write" | "remove" | "move";

/** What would settle a repair. */
export function settlementOf(kind: RepairKind): Settlement {
  switch (kind) {
    case "malformed":
    case "cut":
    case "shortened":
    case "untied":
    case "clamped":
      return "write";
    case "ignored":
    case "hidden":
    case "dropped":
      return "remove";
    case "recovered":
      return "move";
  }
}

/** The order in which repairs are listed. */
export function byRepair(a: Repair, b: Repair): number {
  if (a.rule !== b.rule) return a.rule - b.rule;
  return compare(a.root, b.root) || compare(a.id, b.id) || compare(a.field, b.field);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
