import { expect, test } from "vitest";
import { messagesApi } from "./messages/index.ts";
import type { ObservedToolCall } from "./observation.ts";
import { responsesApi } from "./responses/index.ts";
import { withoutCalls } from "./without-calls.ts";

const central = "bmcp_wiki_read";

/** A sink without the central calls, and the ids of the calls it learned of. */
function sink() {
  const calls: string[] = [];
  const all = {
    message() {},
    thought() {},
    usage() {},
    toolCall: ({ callId }: ObservedToolCall) => void calls.push(callId),
  };
  return { calls, without: withoutCalls(all, new Set([central])) };
}

const messagesCall = (id: string, more: object) => ({
  type: "tool_use",
  id,
  name: central,
  input: {},
  ...more,
});
const responsesCall = (id: string, more: object) => ({
  ...{ type: "function_call", id: `fc_${id}`, call_id: id, name: central, arguments: "{}", ...more },
});

test.each([
  [
    "a Messages answer",
    messagesApi,
    { id: "msg_1", type: "message", content: "content" },
    messagesCall,
    [{ toolset_name: "own" }, { namespace: "own" }],
  ],
  [
    "a Responses answer",
    responsesApi,
    { id: "resp_1", object: "response", status: "completed", output: "output" },
    responsesCall,
    [{ namespace: "own" }],
  ],
] as const)(
  "of %s all calls are told but the central ones, whatever the others are named",
  (_case, api, answer, call, qualified) => {
    const calls = [
      call("central", {}),
      call("none", { namespace: null }),
      call("other", { name: "shell" }),
      ...qualified.map((more, index) => call(`qualified_${index}`, more)),
    ];
    const list = "content" in answer ? { content: calls } : { output: calls };
    const { calls: told, without } = sink();
    const body = Buffer.from(JSON.stringify({ ...answer, ...list }));
    api.observeAnswer(without, body, { hideUsage: false, usageOptional: true });
    expect(told).toEqual(["other", ...qualified.map((_more, index) => `qualified_${index}`)]);
  },
);
