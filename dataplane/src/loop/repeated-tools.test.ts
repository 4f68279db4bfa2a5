import fc from "fast-check";
import { expect, test } from "vitest";
import { apis } from "../apis/index.ts";
import type { CentralTool } from "../apis/tool-conversation.ts";
import { encodeEvent } from "../sse/encode.ts";
import { TurnRelay } from "./turn-relay.ts";

const own = { type: "function", name: "own", description: 'says "[{"', parameters: {} };
const sink = { message() {}, toolCall() {}, thought() {}, usage() {} };
const observe = { hideUsage: false, usageOptional: false };

/** Tools that no answer has repeated yet: how a provider spells them is not known. */
const newTools = (): CentralTool[] =>
  ["a", "b", "c"].map((name) => ({
    id: `bmcp_wiki_${name}`,
    description: `Reads ${name}: [{"`,
    inputSchema: { type: "object", properties: { é: {} } },
  }));

/** The request, and an answer to it in which the provider repeats all tools. */
function served(tools: readonly CentralTool[], stream: boolean, clientTools: readonly object[]) {
  const body = {
    model: "gpt-test",
    input: "hi",
    stream,
    ...(clientTools.length > 0 && { tools: clientTools }),
  };
  const request = apis.responses.readRequest(Buffer.from(JSON.stringify(body)));
  const conversation = apis.responses.withTools(request, tools);
  if (conversation === undefined) throw new Error("no tools went in");
  const sent = JSON.parse(conversation.body.toString()) as { tools: object[] };
  const item = {
    type: "message",
    id: "msg_1",
    role: "assistant",
    content: [{ type: "output_text", text: "Hí" }],
  };
  const response = { id: "resp_1", previous_response_id: null, tools: sent.tools, output: [] as object[] };
  const done = {
    ...response,
    status: "completed",
    output: [item],
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  if (!stream) return { conversation, answer: Buffer.from(JSON.stringify(done, undefined, 2)) };
  const events = [
    { type: "response.created", response },
    { type: "response.in_progress", response },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: done },
  ];
  const numbered = events.map((event, index) => ({ ...event, sequence_number: index }));
  return {
    conversation,
    answer: Buffer.concat(numbered.map((event) => encodeEvent(JSON.stringify(event), event.type))),
  };
}

/** What the client gets of the answer, cut into chunks of these lengths. */
function shown(
  tools: readonly CentralTool[],
  stream: boolean,
  clientTools: readonly object[],
  lengths: readonly number[] = [],
): string {
  const { conversation, answer } = served(tools, stream, clientTools);
  const written: Buffer[] = [];
  const target = { gone: false, write: (chunk: Buffer) => void written.push(chunk) };
  const turn = new TurnRelay({
    api: apis.responses,
    conversation,
    mayAmend: true,
    observe,
    sink,
    concealed: [],
    leftOut: () => undefined,
  });
  const form = { status: 200, streaming: stream, isError: false, keepEncoding: false, headers: {} };
  const relay = turn.relay(form, target, () => undefined);
  let at = 0;
  for (const length of [...lengths, answer.length]) {
    if (at < answer.length) relay.data(answer.subarray(at, at + length));
    at += length;
  }
  expect(relay.finish(true)).toMatchObject({ complete: true, next: "client" });
  relay.release();
  return Buffer.concat(written).toString();
}

const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 40 });

test.each([[[]], [[own]]])(
  "tools that were repeated before are left out alike, whatever the chunks: %j",
  (clientTools) => {
    const tools = newTools();
    const first = shown(tools, true, clientTools);
    expect(first).not.toContain("bmcp_");
    expect(first.match(/"tools":\[/g)).toHaveLength(3);
    fc.assert(
      fc.property(cuts, (lengths) => {
        expect(shown(tools, true, clientTools, lengths)).toBe(first);
        expect(shown(newTools(), true, clientTools, lengths)).toBe(first);
      }),
      { seed: 5, numRuns: 100 },
    );
  },
);

test("the bytes of tools that were repeated before are left out before the events are read", () => {
  const tools = newTools();
  shown(tools, true, []);
  const { conversation, answer } = served(tools, true, []);
  const left = conversation.streamTurn(sink, observe).filter?.push(answer);
  expect(left?.includes("bmcp_")).toBe(false);
});

test.each([[[]], [[own]]])(
  "so are those of a whole answer, in the provider's own spelling: %j",
  (clientTools) => {
    const tools = newTools();
    const first = shown(tools, false, clientTools);
    expect(first).not.toContain("bmcp_");
    const second = shown(tools, false, clientTools, [10, 100]);
    expect(JSON.parse(second)).toEqual(JSON.parse(first));
  },
);
