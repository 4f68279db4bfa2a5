import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REQUIREMENTS } from "../../sdk/src/conformance/index.ts";

const page = readFileSync("docs/host-platforms.md", "utf8");

/** Code of the page that says which file it comes from. */
const quoted = [...page.matchAll(/^<!-- from (\S+) -->\n```\w+\n(.*?)\n```$/gms)].map(([, file, code]) => ({
  file: String(file),
  code: String(code),
}));

test("there is code from a file for each language", () => {
  expect(quoted.map(({ file }) => file.split(".").at(-1))).toEqual(["ts", "go", "py"]);
});

test.each(quoted)("the code from $file is what is in it", ({ file, code }) => {
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines.filter((line) => !line.includes("biome-ignore")).join("\n")).toContain(code);
});

test("the rules name every requirement of the conformance kit, and no other", () => {
  const named = new Set(page.match(/REC-\d+/g));
  expect([...named].toSorted()).toEqual(REQUIREMENTS.map(({ id }) => id).toSorted());
});
