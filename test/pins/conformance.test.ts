import { readFileSync } from "node:fs";
import { REQUIREMENTS } from "@aibridge/sdk/conformance";
import { expect, test } from "vitest";

test("docs/conformance.md and the code have the same requirements", () => {
  const rows = [
    ...readFileSync("docs/conformance.md", "utf8").matchAll(/^\| (REC-\d\d) \| (.+) \| (.*) \|$/gm),
  ];
  const documented = rows.map(([, id, sentence, needs]) => ({ id, sentence, needs }));
  const coded = REQUIREMENTS.map(({ id, sentence, needs }) => ({
    id,
    sentence,
    needs: needs.map((need) => `\`${need}\``).join(", "),
  }));
  expect(documented).toEqual(coded);
});

test("each requirement has an id of its own, in order, and is one sentence", () => {
  const ids = REQUIREMENTS.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  for (const { sentence } of REQUIREMENTS)
    expect(sentence).toMatch(/^\p{Lu}[^.!?]*\.$|^\d[^.!?]*\.$|^grpc\./u);
});
