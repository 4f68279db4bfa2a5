import { readCommandLine } from "@aibridge/proto/settings";
import { expect, test } from "vitest";
import { dataplaneCommand } from "./flags.ts";
import { dataplaneSettings } from "./settings.ts";

function toolRules(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const always = ["--gateway-id", "gw-1", "--gateway-key", "k".repeat(32)];
  const line = readCommandLine(dataplaneCommand, [...always, ...argv], env);
  if (line.help) throw new Error("help was asked for");
  return dataplaneSettings(line.values, env).toolRules;
}

const all = { dropsLooseThoughts: true, dropsLooseReasoning: true, answersMissedCalls: true };

test.each<[string, object]>([
  ["loose-thoughts", { dropsLooseThoughts: false }],
  ["loose-reasoning", { dropsLooseReasoning: false }],
  ["missed-calls", { answersMissedCalls: false }],
])("--without-tool-rule %s leaves out that rule alone", (rule, left) => {
  expect(toolRules([])).toEqual(all);
  expect(toolRules(["--without-tool-rule", rule])).toEqual({ ...all, ...left });
});

test("several tool rules are left out by the environment, and none that there is not", () => {
  expect(toolRules([], { AIBRIDGE_WITHOUT_TOOL_RULE: "missed-calls, loose-thoughts" })).toEqual({
    ...all,
    dropsLooseThoughts: false,
    answersMissedCalls: false,
  });
  expect(() => toolRules(["--without-tool-rule", "thoughts"])).toThrow(/loose-thoughts/);
});
