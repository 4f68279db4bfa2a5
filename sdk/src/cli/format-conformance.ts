import type { ConformanceReport, RequirementResult } from "../conformance/index.ts";
import { safeLine } from "./safe-text.ts";

const WORDS: Readonly<Record<RequirementResult["status"], string>> = {
  passed: "pass",
  failed: "FAIL",
  not_applicable: "n/a ",
};

/** Longest text of a recorder that is shown on a line, in characters. */
const SHOWN_CHARACTERS = 300;

/** One result as lines for a terminal: the rule, and what was wrong. */
export function formatResult({ id, status, requirement, expected, seen }: RequirementResult): string {
  const details = [
    ["expected", expected],
    ["seen    ", seen],
  ].flatMap(([word, text]) => (text === undefined ? [] : [`             ${word}  ${shown(text)}\n`]));
  return [`${WORDS[status]}  ${id}  ${requirement}\n`, ...details].join("");
}

/** The last lines of a run. */
export function formatSums(report: ConformanceReport): string {
  const { recorder, passed, failed, notApplicable, apiVersion } = report;
  const verdict = failed === 0 ? "keeps" : "does not keep";
  return `
${reasons(report)}${passed} passed, ${failed} failed, ${notApplicable} not applicable
The recorder at ${recorder} ${verdict} the contract of API version ${apiVersion}.
`;
}

/** Why requirements were not applicable, a line for each reason. */
function reasons({ requirements }: ConformanceReport): string {
  const byReason = Map.groupBy(requirements, ({ reason }) => reason);
  return [...byReason]
    .filter(([reason]) => reason !== undefined)
    .map(([reason, results]) => `n/a: ${results.map(({ id }) => id).join(" ")}\n     ${reason}\n`)
    .join("");
}

function shown(text: string): string {
  const line = safeLine(text);
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
