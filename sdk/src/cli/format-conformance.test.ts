import { expect, test } from "vitest";
import type { RequirementResult } from "../conformance/index.ts";
import { formatResult, formatSums } from "./format-conformance.ts";

const failed: RequirementResult = {
  id: "REC-12",
  requirement: "It stores.",
  status: "failed",
  expected: "OK",
  seen: "INTERNAL (boom)",
  durationMs: 3,
};

test("what a recorder says cannot steer the terminal, and is cut when it is long", () => {
  const text = formatResult({ ...failed, seen: `\u001b[2J\n${"x".repeat(1000)}` });
  expect(text).toMatch(
    /^FAIL {2}REC-12 {2}It stores\.\n {13}expected {2}OK\n {13}seen {6}\\x1b\[2J\\nx{290,300}…\n$/,
  );
});

test("reasons are told once, with all they are about", () => {
  const notApplicable = { requirement: "It streams.", status: "not_applicable", durationMs: 0 } as const;
  const text = formatSums({
    recorder: "http://127.0.0.1:9095",
    protocol: "grpc",
    apiVersion: "1.0",
    passed: 0,
    failed: 1,
    notApplicable: 3,
    requirements: [
      failed,
      { ...notApplicable, id: "REC-21", reason: "no stream" },
      { ...notApplicable, id: "REC-22", reason: "no stream" },
      { ...notApplicable, id: "REC-81", reason: "no usage" },
    ],
  });
  expect(text).toBe(`
n/a: REC-21 REC-22
     no stream
n/a: REC-81
     no usage
0 passed, 1 failed, 3 not applicable
The recorder at http://127.0.0.1:9095 does not keep the contract of API version 1.0.
`);
});
