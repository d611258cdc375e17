import { afterEach, expect, test, vi } from "vitest";
import { Problem } from "./api.ts";
import { exportReport, exportUrl, formatOf, importFile } from "./interchange.ts";

afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: string) {
  const asked: { path: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push({ path, init });
    return new Response(body, { status });
  });
  return asked;
}

test("a file's name tells what it is", () => {
  expect(formatOf("Reel 1.EDL")).toBe("edl");
  expect(formatOf("cut.v2.otio")).toBe("otio");
  expect(formatOf("still.png")).toBeNull();
  expect(formatOf("edl")).toBeNull();
  expect(formatOf("")).toBeNull();
});

test("an import sends the file as it is, and tells what became of it", async () => {
  const asked = answering(
    200,
    '{"format":"edl","report":{"kept":["2 clips"],"changed":null,"lost":["a wipe"]}}',
  );
  const file = new File(["TITLE: A"], "a & b.edl");
  expect(await importFile("p/1", file, { format: null, dryRun: true })).toEqual({
    format: "edl",
    report: { kept: ["2 clips"], changed: [], lost: ["a wipe"] },
  });
  expect(asked[0]?.path).toBe("/api/v1/projects/p%2F1/import?name=a+%26+b.edl&dry_run=true");
  expect(asked[0]?.init.body).toBe(file);
  await importFile("p", file, { format: "srt", dryRun: false });
  expect(asked[1]?.path).toMatch(/dry_run=false&format=srt$/);
});

test("a refusal is a problem, and so is no answer", async () => {
  answering(422, '{"type":"/docs#malformed-file","title":"No","detail":"line 3","status":422}');
  const refused = importFile("p", new File([], "a.edl"), { format: null, dryRun: true });
  await expect(refused).rejects.toMatchObject({ status: 422, detail: "line 3" });
  answering(200, "<html>");
  await expect(exportReport("p", "otio")).rejects.toBeInstanceOf(Problem);
  answering(200, "{}");
  await expect(
    importFile("p", new File([], "a"), { format: null, dryRun: true }),
  ).rejects.toMatchObject({ status: 0 });
  expect(exportUrl("p", "vtt")).toBe("/api/v1/projects/p/export?format=vtt");
});
