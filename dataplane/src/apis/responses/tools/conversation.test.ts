import { describe, expect, test } from "vitest";
import type { ModelAnswer } from "../../../../../sdk/src/testing/answer.ts";
import { customToolCall, text, thinking, toolCall, webSearch } from "../../../../../sdk/src/testing/parts.ts";
import { readEvents } from "../../../../../sdk/src/testing/read-events.ts";
import { readResponse, readResponseStream } from "../../../../../test/support/client-answers/responses.ts";
import { type ServeTurnsOptions, serveTurns } from "../../../../../test/support/serve-turns.ts";
import { GatewayError } from "../../../errors/gateway-error.ts";
import type { CentralTool, ToolConversationOptions } from "../../tool-conversation.ts";
import { readRequest } from "../request.ts";
import { withTools } from "./conversation.ts";
import { ResponseAliasMemory } from "./response-aliases.ts";

const tools: readonly CentralTool[] = ["bmcp_wiki_read", "bmcp_wiki_find"].map((id) => ({
  id,
  description: `Runs ${id}.`,
  inputSchema: { type: "object", properties: { page: { type: "string" } } },
}));
const [read = "", find = ""] = tools.map(({ id }) => id);
const shell = { type: "function", name: "shell", parameters: { type: "object" }, strict: false };

const base = { model: "gpt-test", input: "Look it up.", tools: [shell], tool_choice: "auto" };

function begin(members: object, options?: ToolConversationOptions) {
  const request = readRequest(Buffer.from(JSON.stringify({ ...base, ...members })));
  const conversation = withTools(request, tools, options);
  if (conversation === undefined) throw new Error("no tools went in");
  return conversation;
}

function serve(members: object, answers: ServeTurnsOptions["answers"], options?: ToolConversationOptions) {
  const served = serveTurns(begin(members, options), { api: "responses", answers });
  const streaming = (members as { stream?: boolean }).stream === true;
  return { ...served, answer: streaming ? readResponseStream(served.body) : readResponse(served.body) };
}

const looked: ModelAnswer = {
  id: "resp_1",
  content: [thinking("Where?"), text("Let me look."), toolCall(read, { page: "home" }, { id: "call_1" })],
  usage: { input: 100, output: 20, cacheRead: 50, reasoning: 7 },
};
const said: ModelAnswer = {
  id: "resp_2",
  content: [thinking("There."), text("It says: home.")],
  usage: { input: 150, output: 10, cacheRead: 90, reasoning: 3 },
};

describe.each([true, false])("stream: %s", (stream) => {
  test.each([
    {},
    { store: true },
    { store: false },
    { conversation: "conv_1" },
    { conversation: { id: "conv_1" } },
  ])("with %j the client sees one answer without a sign of the tool", (state) => {
    const { answer, body, ends, seen } = serve({ stream, ...state }, [looked, said]);
    expect(answer).toEqual({
      id: stream ? "resp_1" : "resp_2",
      texts: ["Let me look.", "It says: home."],
      thoughts: ["Where?", "There."],
      calls: [],
      stop: "completed",
      usage: { input: 240, output: 30 },
    });
    expect(body).not.toMatch(/bmcp|call_1|encrypted/);
    expect(ends.map(({ next }) => next)).toEqual(["calls", "client"]);
    expect(ends[0]?.calls).toEqual([
      { messageId: "resp_1", callId: "call_1", toolId: read, input: '{"page":"home"}' },
    ]);
    const known = seen.map((observation) => Object.keys(observation)[0]);
    expect(known).toEqual(["message", "thought", "usage", "message", "thought", "usage"]);
  });

  test("an answer without a central call has the bytes it came with, but for the tools it repeats", () => {
    const content = [thinking("Hm."), text("Hi"), webSearch("x")];
    const { body, answers } = serve({ stream, store: true }, [{ content }]);
    const repeated = /\{"type":"function","name":"bmcp.*?"strict":false\},/g;
    expect(`${answers[0]}`.match(repeated)).toHaveLength(stream ? 6 : 2);
    expect(body).toBe(`${answers[0]}`.replace(repeated, ""));
  });

  test("calls beside the client's own are not run, and the client gets its own", () => {
    const { answer, ends, seen } = serve({ stream }, [
      {
        content: [
          toolCall(read, {}, { id: "call_1" }),
          toolCall("shell", { command: "ls" }, { id: "call_2" }),
          customToolCall("apply_patch", "*** Begin", { id: "call_3" }),
          toolCall(find, {}, { id: "call_4" }),
        ],
      },
    ]);
    expect(answer.calls).toEqual([{ id: "call_2", name: "shell", input: '{"command":"ls"}' }]);
    expect(ends.map(({ next, calls }) => [next, calls.map(({ callId }) => callId)])).toEqual([
      ["client", ["call_1", "call_4"]],
    ]);
    const calls = seen.flatMap((observation) =>
      "toolCall" in observation ? [observation.toolCall.callId] : [],
    );
    expect(calls).toEqual(["call_2", "call_3"]);
  });

  test.each([1, 3, 10])("%i calls of one turn are answered in the model's order", (count) => {
    const calls = Array.from({ length: count }, (_, index) =>
      toolCall(read, { index }, { id: `call_${index}` }),
    );
    const { requests, ends } = serve({ stream }, [{ id: "resp_1", content: calls }, said]);
    expect(ends[0]?.calls).toHaveLength(count);
    expect(requests[1].input).toEqual(
      calls.map(({ id }) => ({ type: "function_call_output", call_id: id, output: `result of ${id}` })),
    );
  });

  test("a function of the same name in a namespace of the client's is the client's", () => {
    const { answer, seen } = serve({ stream }, [
      { content: [toolCall(read, {}, { id: "call_1", namespace: "own" })] },
    ]);
    expect(answer.calls).toMatchObject([{ id: "call_1", name: read }]);
    expect(seen).toContainEqual({ toolCall: expect.objectContaining({ callId: "call_1", tool: read }) });
  });

  test("an answer cut short by its length ends the loop, and the call is not run", () => {
    const { answer, ends } = serve({ stream }, [{ ...looked, stop: "length" }]);
    expect(answer).toMatchObject({ stop: "incomplete", texts: ["Let me look."], calls: [] });
    expect(ends[0]).toMatchObject({ next: "client", calls: [{ callId: "call_1" }] });
  });

  test("a failure of a later turn is told under the id of the first", () => {
    const { answer, ends } = serve({ stream }, [
      looked,
      { id: "resp_2", content: "It", failure: { type: "x", message: "Sorry" } },
    ]);
    expect(answer).toMatchObject({ id: stream ? "resp_1" : "resp_2", stop: "failed" });
    expect(ends[1]).toMatchObject({ next: "client", error: { message: "Sorry" } });
  });

  test("the last turn may not call any more, which the client does not see", () => {
    const conversation = begin({ stream });
    const { requests, body } = serveTurns(conversation, {
      api: "responses",
      answers: [looked, said],
      maxTurns: 2,
    });
    expect(requests.map(({ tool_choice }) => tool_choice)).toEqual(["auto", "none"]);
    expect(requests[1].tools).toEqual(requests[0].tools);
    expect(body).not.toContain('"tool_choice":"none"');
  });
});

describe("the request after a call", () => {
  test("repeats everything where the provider keeps nothing", () => {
    const encrypted = thinking("", { encryptedContent: "gAAAA" });
    const { requests, body } = serve({ stream: true, store: false, instructions: "Be brief." }, [
      { id: "resp_1", content: [encrypted, text("Look."), toolCall(read, {}, { id: "call_1" })] },
      { id: "resp_2", content: [toolCall(find, {}, { id: "call_2" })] },
      said,
    ]);
    expect(requests[0].include).toEqual(["reasoning.encrypted_content"]);
    const last = requests[2];
    expect(last).toMatchObject({ instructions: "Be brief.", store: false, tools: requests[0].tools });
    expect(last).not.toHaveProperty("previous_response_id");
    expect(last.input).toMatchObject([
      { type: "message", role: "user", content: "Look it up." },
      { type: "reasoning", encrypted_content: "gAAAA" },
      { type: "message", role: "assistant" },
      { type: "function_call", call_id: "call_1" },
      { type: "function_call_output", call_id: "call_1" },
      { type: "function_call", call_id: "call_2" },
      { type: "function_call_output", call_id: "call_2" },
    ]);
    expect(body).not.toContain("gAAAA");
  });

  test("shows encrypted reasoning to the client that asked for it", () => {
    const include = ["reasoning.encrypted_content"];
    const encrypted = thinking("", { encryptedContent: "gAAAA" });
    const { body, requests } = serve({ stream: true, store: false, include }, [
      { content: [encrypted, text("Hi")] },
    ]);
    expect(requests[0].include).toEqual(include);
    expect(body).toContain("gAAAA");
  });

  test("goes on from the response where the provider keeps it, with all members repeated", () => {
    const { requests } = serve({ previous_response_id: "resp_0", instructions: "Be brief." }, [
      looked,
      { id: "resp_2", content: [toolCall(find, {}, { id: "call_2" })] },
      said,
    ]);
    expect(requests.map((request) => request.previous_response_id)).toEqual(["resp_0", "resp_1", "resp_2"]);
    expect(requests[2]).toMatchObject({ instructions: "Be brief.", input: [{ call_id: "call_2" }] });
    expect(requests[2].input).toHaveLength(1);
  });

  test("adds to the conversation", () => {
    const { requests } = serve({ conversation: "conv_1" }, [looked, said]);
    expect(requests[1]).toMatchObject({ conversation: "conv_1", input: [{ call_id: "call_1" }] });
    expect(requests[1]).not.toHaveProperty("previous_response_id");
  });

  test("repeats everything where the provider says that it does not store the answer", () => {
    const { requests } = serve({ stream: true }, [
      { ...looked, responses: { response: { store: false } } },
      said,
    ]);
    expect(requests[1]).not.toHaveProperty("previous_response_id");
    expect(requests[1].input).toHaveLength(5);
  });

  test("goes on from what was stored and repeats the rest where this answer is not", () => {
    const { requests } = serve({ store: false, previous_response_id: "resp_0" }, [looked, said]);
    expect(requests[1].previous_response_id).toBe("resp_0");
    expect(requests[1].input).toHaveLength(5);
  });

  test("has the client's bytes and those of the items as they were spelled", () => {
    const bytes = Buffer.from(
      '{ "model":"gpt-4o", "store":false,"temperature":1.0, "input":[ {"role":"user","content":"x","n":1e2} ] }',
    );
    const conversation = withTools(readRequest(bytes), tools);
    const item =
      '{"type":"function_call","id":"fc_1","call_id":"call_1","name":"bmcp_wiki_read","arguments":"{}","x":1.50,"caller":{"type":"program", "n":1.0}}';
    conversation?.answerTurn(
      silent,
      Buffer.from(`{"id":"r","status":"completed","output":[ ${item} ]}`),
      options,
    );
    const call = { messageId: "r", callId: "call_1", toolId: read, input: "{}" };
    const result = { isError: true, parts: [{ kind: "text", text: "no such page" }] } as const;
    conversation?.proceed([{ call, result }], false);
    const output =
      '{"type":"function_call_output","call_id":"call_1","output":"The call failed: no such page","caller":{"type":"program", "n":1.0}}';
    expect(conversation?.body.toString().replace(/,"tools":\[.*\]/, "")).toBe(
      `{ "model":"gpt-4o", "store":false,"temperature":1.0, "input":[ {"role":"user","content":"x","n":1e2},${item},${output} ] }`,
    );
  });

  test("brings images", () => {
    const conversation = begin({});
    const parts = [
      { kind: "text", text: "See" },
      { kind: "image", mimeType: "image/png", data: "iVBO" },
    ] as const;
    const result = () => ({ isError: false, parts });
    const { requests } = serveTurns(conversation, { api: "responses", answers: [looked, said], result });
    expect(requests[1].input[0].output).toEqual([
      { type: "input_text", text: "See" },
      { type: "input_image", image_url: "data:image/png;base64,iVBO" },
    ]);
  });
});

const silent = { message() {}, toolCall() {}, thought() {}, usage() {} };
const options = { hideUsage: false, usageOptional: false };

test("whatever the chunks, the client gets the same bytes", () => {
  const members = { stream: true, store: false };
  const mixed: ModelAnswer = {
    content: [text("é…"), toolCall(read, {}, { id: "call_3" }), toolCall("shell", {}, { id: "call_4" })],
    responses: { keepalives: 2 },
  };
  const answers = [looked, mixed];
  const whole = serveTurns(begin(members), { api: "responses", answers });
  readResponseStream(whole.body);
  const same = (chunkBytes: number) =>
    expect(serveTurns(begin(members), { api: "responses", answers: whole.answers, chunkBytes }).body).toBe(
      whole.body,
    );
  for (const chunkBytes of [1, 2, 3, 7, 64, 1000]) same(chunkBytes);
});

test("text is live in every turn: each delta goes out when it came", () => {
  const conversation = begin({ stream: true });
  const served = serveTurns(conversation, { api: "responses", answers: [looked] });
  expect(served.ends[0]?.next).toBe("calls");
  const observer = conversation.streamTurn(silent, options);
  const event =
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,"output_index":0,"content_index":0,"delta":"It"}';
  observer.event(Buffer.from(event), 0, event.length);
  expect(observer.replacement?.toString()).toMatch(/"output_index":2,"content_index":0,"delta":"It"\}\n\n$/);
});

test("a keep-alive and an error of the gateway's take the next numbers", () => {
  const conversation = begin({ stream: true });
  expect(conversation.keepAlive()).toBeUndefined();
  const served = serveTurns(conversation, { api: "responses", answers: [looked] });
  const alive = conversation.keepAlive()?.toString() ?? "";
  const error = conversation.errorEvent(new GatewayError("upstream_timeout", "Too slow."));
  const all = readEvents(served.body + alive + error).map(({ data }) => JSON.parse(data));
  expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, index) => index));
  expect(all.slice(-3).map(({ type }) => type)).toEqual(["keepalive", "error", "response.failed"]);
  expect(all.at(-1).response.id).toBe("resp_1");
});

describe("what the provider holds", () => {
  const aliases = () => new ResponseAliasMemory().of("alice");

  test("the next request goes on from the last response, under the id that the stream began with", () => {
    const known = { aliases: aliases() };
    serve({ stream: true }, [looked, said], known);
    const { requests, body } = serve(
      { stream: true, previous_response_id: "resp_1" },
      [{ id: "resp_3", content: "So." }],
      known,
    );
    expect(requests[0].previous_response_id).toBe("resp_2");
    expect(body).not.toContain("resp_2");
  });

  test.each([
    [{ stream: true }, { previous_response_id: "resp_1" }],
    [{ stream: false }, { previous_response_id: "resp_1" }],
    [{ conversation: "conv_1" }, { conversation: { id: "conv_1" } }],
  ])("the request after %j gets the outputs of calls that were not run in front", (first, next) => {
    const known = { aliases: aliases() };
    const mixed = [toolCall(read, {}, { id: "call_1" }), toolCall("shell", {}, { id: "call_2" })];
    serve(first, [{ id: "resp_1", content: mixed }], known);
    const own = { type: "function_call_output", call_id: "call_2", output: "ok" };
    const { requests } = serve({ ...next, input: [own] }, [said], known);
    expect(requests[0].input).toMatchObject([
      { call_id: "call_1", output: expect.stringContaining("not run") },
      own,
    ]);
    const again = serve({ ...next, input: "And now?" }, [said], known);
    // A response can be gone on from twice; a conversation has its outputs by now.
    expect(again.requests[0].input).toEqual(
      "conversation" in next ? "And now?" : [expect.anything(), expect.anything()],
    );
  });

  test("a client that leaves in the middle of a later turn can go on", () => {
    const known = { aliases: aliases() };
    serveTurns(begin({ stream: true }, known), { api: "responses", answers: [looked] });
    const { requests } = serve({ previous_response_id: "resp_1" }, [said], known);
    expect(requests[0].input).toMatchObject([
      { call_id: "call_1" },
      { role: "user", content: "Look it up." },
    ]);
  });

  test("it is put in even where the request takes no tools", () => {
    const known = { aliases: aliases() };
    serve({ stream: true }, [looked, said], known);
    const { requests } = serve({ previous_response_id: "resp_1", tool_choice: "none" }, [said], known);
    expect(requests[0]).toMatchObject({ previous_response_id: "resp_2", tools: [shell] });
  });

  test("what is lost is found out by the provider's refusal, and mended once", () => {
    const conversation = begin({ previous_response_id: "resp_1" });
    const refusal = {
      type: "invalid_request_error",
      message: "No tool output found for function call call_9.",
    };
    expect(conversation.amend?.({ type: "x", message: "Too long" })).toBe(false);
    expect(conversation.amend?.(refusal)).toBe(true);
    expect(JSON.parse(conversation.body.toString()).input).toMatchObject([
      { call_id: "call_9" },
      { role: "user" },
    ]);
    expect(conversation.amend?.(refusal)).toBe(false);
  });

  test("a call that the request itself has is the client's to answer", () => {
    const call = { type: "function_call", call_id: "call_9", name: "shell", arguments: "{}" };
    const refusal = { type: "", message: "No tool output found for function call call_9." };
    expect(begin({ previous_response_id: "resp_1", input: [call] }).amend?.(refusal)).toBe(false);
    expect(begin({ input: "x" }).amend?.(refusal)).toBe(false);
  });

  test("reasoning that may be another's is left out after the provider's refusal", () => {
    const thought = (id: string) => ({ type: "reasoning", id, summary: [] });
    const words = { type: "message", role: "assistant", content: "x" };
    const conversation = begin({ input: [thought("rs_1"), thought("rs_2"), words] });
    const refusal = {
      type: "invalid_request_error",
      message: "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    };
    expect(conversation.amend?.(refusal)).toBe(true);
    expect(JSON.parse(conversation.body.toString()).input).toEqual([thought("rs_2"), words]);
    expect(conversation.amend?.(refusal)).toBe(false);
  });

  test("nothing is mended where the rule is switched off", () => {
    const rules = { answersMissedCalls: false, dropsLooseReasoning: false };
    const missed = { type: "", message: "No tool output found for function call call_9." };
    expect(begin({ previous_response_id: "resp_1" }, { rules }).amend?.(missed)).toBe(false);
    const loose = { type: "reasoning", id: "rs_1", summary: [] };
    const conversation = begin({ input: [loose, loose, { role: "assistant", content: "x" }] }, { rules });
    const message = "Item 'rs_1' of type 'reasoning' was provided without its required following item.";
    expect(conversation.amend?.({ type: "", message })).toBe(false);
  });

  test("a model that has no encrypted reasoning is asked without", () => {
    const conversation = begin({ store: false, include: ["message.input_image.image_url"] });
    const refusal = { type: "", message: "Encrypted content is not supported with this model." };
    expect(conversation.amend?.(refusal)).toBe(true);
    expect(JSON.parse(conversation.body.toString()).include).toEqual(["message.input_image.image_url"]);
    expect(conversation.amend?.(refusal)).toBe(false);
  });
});
