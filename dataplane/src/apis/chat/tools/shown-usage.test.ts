import { expect, test } from "vitest";
import { JsonObject } from "../../../json/json-object.ts";
import { ShownUsage } from "./shown-usage.ts";

/** The usage that the client sees in the last of these turns. */
function shown(...turns: string[]): string | null | undefined {
  const usage = new ShownUsage();
  for (const turn of turns) {
    usage.begin();
    usage.set(JSON.parse(turn));
  }
  return usage.edit(JsonObject.parse(Buffer.from(turns.at(-1) ?? "")));
}

test("the usage of one turn stays as it is", () => {
  expect(shown('{"prompt_tokens":1,"completion_tokens":2}')).toBeUndefined();
});

test("output is summed, input is that of the last turn, and all else stays as it was written", () => {
  expect(
    shown(
      '{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"completion_tokens_details":{"reasoning_tokens":7}}',
      "null",
      '{"prompt_tokens": 150,"prompt_tokens_details":{"cached_tokens":90},"completion_tokens":10,"total_tokens":160,"completion_tokens_details":{"reasoning_tokens":1,"kind":"x"},"queue_time":0.50}',
    ),
  ).toBe(
    '{"prompt_tokens": 150,"prompt_tokens_details":{"cached_tokens":90},"completion_tokens":30,"total_tokens":180,"completion_tokens_details":{"reasoning_tokens":8,"kind":"x"},"queue_time":0.50}',
  );
});

test("what is no count stays as it is", () => {
  expect(shown('{"completion_tokens":5}', '{"completion_tokens":"many"}')).toBeUndefined();
  expect(shown('{"completion_tokens":null}', '{"completion_tokens":3}')).toBe('{"completion_tokens":3}');
});
