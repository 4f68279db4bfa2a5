import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ErrorRow, errorCodes } from "../../dataplane/src/errors/codes.ts";

test("docs/errors.md and the code have the same catalogue", () => {
  const documented = [
    ...readFileSync("docs/errors.md", "utf8").matchAll(
      /^\| `(\w+)` \| (\d+) \| `(\w+)` \| `(\w+)` \| (yes|no) \|/gm,
    ),
  ];
  const rows = documented.map(([, code, status, anthropic, openai, retry]) => [
    code,
    status,
    anthropic,
    openai,
    retry,
  ]);
  const coded = Object.entries<ErrorRow>(errorCodes).map(([code, row]) => [
    code,
    String(row.status),
    row.anthropic,
    row.openai,
    row.retry ? "yes" : "no",
  ]);
  expect(rows).toEqual(coded);
});
