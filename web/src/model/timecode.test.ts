import { describe, expect, it } from "vitest";
import {
  formatTimecode,
  framesToSeconds,
  parseTimecode,
  type Rate,
  secondsToFrames,
} from "./timecode.ts";

const rates: Record<string, Rate> = {
  "23.976": [24000, 1001],
  "24": [24, 1],
  "25": [25, 1],
  "29.97": [30000, 1001],
  "30": [30, 1],
  "50": [50, 1],
  "59.94": [60000, 1001],
  "60": [60, 1],
  "120": [120, 1],
};

describe("timecode", () => {
  // Values that every editor agrees on.
  const table: [keyof typeof rates, number, string][] = [
    ["24", 0, "00:00:00:00"],
    ["24", 23, "00:00:00:23"],
    ["24", 24, "00:00:01:00"],
    ["24", 24 * 3661 + 5, "01:01:01:05"],
    ["23.976", 24 * 60, "00:01:00:00"],
    ["25", 25 * 60 - 1, "00:00:59:24"],
    ["29.97", 0, "00:00:00;00"],
    ["29.97", 1799, "00:00:59;29"],
    ["29.97", 1800, "00:01:00;02"],
    ["29.97", 3597, "00:01:59;29"],
    ["29.97", 3598, "00:02:00;02"],
    ["29.97", 17981, "00:09:59;29"],
    ["29.97", 17982, "00:10:00;00"],
    ["29.97", 107892, "01:00:00;00"],
    ["59.94", 3599, "00:00:59;59"],
    ["59.94", 3600, "00:01:00;04"],
    ["59.94", 35964, "00:10:00;00"],
    ["60", 3600, "00:01:00:00"],
    ["120", 119, "00:00:00:119"],
  ];
  for (const [name, frame, text] of table) {
    it(`${frame} at ${name} is ${text}`, () => {
      const rate = rates[name] ?? [24, 1];
      expect(formatTimecode(frame, rate)).toBe(text);
      expect(parseTimecode(text, rate)).toBe(frame);
    });
  }

  it("comes back from every frame of twenty minutes, at every rate", () => {
    for (const rate of Object.values(rates)) {
      const last = secondsToFrames(1230, rate);
      for (let frame = 0; frame < last; frame += 1) {
        if (parseTimecode(formatTimecode(frame, rate), rate) !== frame) {
          expect(parseTimecode(formatTimecode(frame, rate), rate)).toBe(frame);
        }
      }
    }
  });

  it("is read as editors type it", () => {
    const rate: Rate = [24, 1];
    expect(parseTimecode("12", rate)).toBe(12);
    expect(parseTimecode("3:12", rate)).toBe(84);
    expect(parseTimecode(" 1:03:12 ", rate)).toBe(24 * 63 + 12);
    expect(parseTimecode("120f", rate)).toBe(120);
    expect(parseTimecode("2.5s", rate)).toBe(60);
    expect(parseTimecode("00:01:00;00", [30000, 1001])).toBe(1800);
    for (const wrong of ["", "abc", "1:60:00", "1:00:30", "1:2:3:4:5", "-5", "1::2"]) {
      expect(parseTimecode(wrong, rate), wrong).toBeNull();
    }
  });

  it("counts seconds and frames both ways", () => {
    expect(framesToSeconds(48, [24, 1])).toBe(2);
    expect(secondsToFrames(framesToSeconds(1001, [30000, 1001]), [30000, 1001])).toBe(1001);
    expect(formatTimecode(-25, [24, 1])).toBe("-00:00:01:01");
  });
});
