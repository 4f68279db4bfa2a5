import { expect, test } from "vitest";
import { renderAnswers } from "./answers.ts";
import { APIS, DELTAS } from "./workloads.ts";

const DELTA_OF = {
  messages: '"type":"content_block_delta"',
  chat: '"delta":{"content":',
  responses: '"type":"response.output_text.delta"',
};

test.each(APIS)("a stream of %s has all its deltas and ends as the API does", (api) => {
  const { events } = renderAnswers()[api];
  expect(events.filter((event) => event.includes(DELTA_OF[api]))).toHaveLength(DELTAS);
  expect(events.every((event) => event.endsWith("\n\n"))).toBe(true);
  expect(events.at(-1)).toMatch(/message_stop|\[DONE\]|response\.completed/);
});

test.each(APIS)("a document of %s says the same usage as the stream", (api) => {
  const { events, whole } = renderAnswers()[api];
  const { usage } = JSON.parse(whole);
  expect(usage.output_tokens ?? usage.completion_tokens).toBe(180);
  expect(events.join("")).toMatch(/"(output|completion)_tokens":180\b/);
});
