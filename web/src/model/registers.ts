// Writing registers.
import type * as Y from "yjs";

/** Writes registers that differ from what is there; undefined leaves one, null takes it away. */
export function setRegisters(map: Y.Map<unknown>, fields: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || JSON.stringify(map.get(key)) === JSON.stringify(value)) continue;
    if (value !== null) map.set(key, value);
    else if (map.has(key)) map.delete(key);
  }
}
