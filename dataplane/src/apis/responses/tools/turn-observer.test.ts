import { expect, test } from "vitest";
import { readEvents } from "../../../../../sdk/src/testing/read-events.ts";
import * as wire from "../../../../../test/fixtures/responses/build.ts";
import { readResponse } from "../../../../../test/support/client-answers/responses.ts";
import { serveTurns } from "../../../../../test/support/serve-turns.ts";
import { readRequest } from "../request.ts";
import { withTools } from "./conversation.ts";

const read = "bmcp_wiki_read";
const tools = [{ id: read, description: "", inputSchema: { type: "object" } }];

const call = {
  type: "function_call",
  id: "fc_1",
  call_id: "call_1",
  name: read,
  arguments: "{}",
  status: "completed",
};
const callEvents = (index: number) => [
  wire.added(index, { ...call, arguments: "" }),
  wire.delta("function_call_arguments", { output_index: index, item_id: "fc_1" }, "{}"),
  wire.done(index, call),
];
const said = [...wire.messageEvents(0, "Found."), wire.terminal("completed", [wire.message("Found.")])];
const calling = [...callEvents(0), wire.terminal("completed", [call])];

function serve(...streams: string[]) {
  const body = { model: "gpt-test", input: "x", stream: true };
  const conversation = withTools(readRequest(Buffer.from(JSON.stringify(body))), tools);
  if (conversation === undefined) throw new Error("no tools went in");
  return serveTurns(conversation, {
    api: "responses",
    answers: streams.map((stream) => Buffer.from(stream)),
  });
}

/** The events of a stream as they are, without what the reader of strict streams asks for. */
const eventsOf = (body: string) => readEvents(body).map(({ data }) => JSON.parse(data));

/** What the final event says. */
const finalOf = (body: string) => readResponse(JSON.stringify(eventsOf(body).at(-1).response));

test("what a provider runs itself beside a central call does not end the loop", () => {
  const search = {
    type: "web_search_call",
    id: "ws_1",
    status: "completed",
    action: { type: "search", query: "x" },
  };
  const remote = {
    type: "mcp_call",
    id: "mcp_1",
    name: "roll",
    server_label: "dice",
    arguments: "{}",
    output: "4",
  };
  const shellCall = { type: "shell_call", id: "sh_1", call_id: "call_9", action: {} };
  const shellOutput = { type: "shell_call_output", id: "sho_1", call_id: "call_9", output: [] };
  const output = [search, remote, shellCall, shellOutput, call];
  const first = wire.stream(
    ...output.map((item, index) => wire.done(index, item)),
    wire.terminal("completed", output),
  );
  const { ends, body } = serve(first, wire.stream(...said));
  expect(ends.map(({ next }) => next)).toEqual(["calls", "client"]);
  const final = eventsOf(body).at(-1).response;
  expect(final.output.map(({ type }: { type: string }) => type)).toEqual([
    ...["web_search_call", "mcp_call", "shell_call", "shell_call_output"],
    "message",
  ]);
});

test.each([
  { type: "mcp_approval_request", id: "mcpr_1", name: "roll", arguments: "{}", server_label: "dice" },
  { type: "computer_call", id: "cu_1", call_id: "call_9", actions: [] },
  { type: "local_shell_call", id: "lsh_1", call_id: "call_9", action: {} },
  { type: "tool_search_call", id: "ts_1", call_id: "call_9", execution: "client", arguments: {} },
])("a $type beside a central call is the client's to answer", (item) => {
  const { ends } = serve(
    wire.stream(wire.done(0, item), wire.done(1, call), wire.terminal("completed", [item, call])),
  );
  expect(ends).toMatchObject([{ next: "client", calls: [{ callId: "call_1" }] }]);
});

test("items that the final event alone brings are taken as well", () => {
  const { ends, body } = serve(wire.stream(wire.terminal("completed", [call])), wire.stream(...said));
  expect(ends.map(({ next }) => next)).toEqual(["calls", "client"]);
  expect(finalOf(body).texts).toEqual(["Found."]);
});

test("a final event without the items that came does not lose them", () => {
  const first = wire.stream(...callEvents(0), wire.terminal("completed", []));
  const { requests, body } = serve(first, wire.stream(...said.slice(0, -1), wire.terminal("completed", [])));
  expect(requests).toHaveLength(2);
  expect(finalOf(body).texts).toEqual(["Found."]);
});

test("items that come interleaved, and ids that change on every event, are told apart by their index", () => {
  const [open, delta, text, done] = wire.messageEvents(0, "Look.");
  const [callOpen, callDelta, callDone] = callEvents(1);
  const second = wire.messageEvents(2, "Now.");
  const events = [callOpen, open, callDelta, { ...delta, item_id: "y" }, text, callDone, done, ...second] as {
    type: string;
  }[];
  const output = [wire.message("Look."), call, wire.message("Now.")];
  const { body } = serve(wire.stream(...events, wire.terminal("completed", output)), wire.stream(...said));
  const indexes = eventsOf(body).flatMap(({ output_index }) => output_index ?? []);
  expect([...new Set(indexes)]).toEqual([0, 1, 2]);
  expect(body).not.toContain("bmcp");
  const final = eventsOf(body).at(-1).response;
  expect(final.output).toEqual([wire.message("Look."), wire.message("Now."), wire.message("Found.")]);
});

test("events without numbers get none, and events without names stay so", () => {
  const bare = (...events: { type: string }[]) =>
    wire
      .stream(...events)
      .replace(/^event: .*\n/gm, "")
      .replace(/,"sequence_number":\d+/g, "");
  const { body } = serve(bare(...calling), bare(...said));
  expect(body).not.toMatch(/sequence_number|^event/m);
  expect(eventsOf(body).at(-1)).toMatchObject({ type: "response.completed" });
});

test("an edited event whose data came in several lines goes out in one", () => {
  const spread = wire.stream(...said).replaceAll('"output_index":0,', '\ndata: "output_index": 0,\ndata: ');
  const { body } = serve(
    wire.stream(
      ...wire.messageEvents(0, "Look."),
      ...callEvents(1),
      wire.terminal("completed", [wire.message("Look."), call]),
    ),
    spread,
  );
  expect(finalOf(body).texts).toEqual(["Look.", "Found."]);
});

test("numbers and members that nobody knows stay as they were spelled in edited events", () => {
  const odd = wire
    .stream(...said)
    .replaceAll('"output_index":0', '"output_index": 0 ,"n":1.50e0,"unknown":{"a":[ ]}');
  const { body } = serve(
    wire.stream(...wire.messageEvents(0, "Look."), ...callEvents(1), wire.terminal("completed", [])),
    odd,
  );
  expect(body).toContain('"output_index": 1 ,"n":1.50e0,"unknown":{"a":[ ]}');
});

test("items that the final output numbers otherwise are taken once", () => {
  const look = { ...wire.message("Look."), id: "msg_0" };
  const first = wire.stream(wire.done(1, look), wire.done(2, call), wire.terminal("completed", [look, call]));
  const { requests, body } = serve(first, wire.stream(...said));
  expect(requests[1].input).toHaveLength(1);
  expect(finalOf(body).texts).toEqual(["Look.", "Found."]);
});

test("comments and events of other kinds reach the client in every turn", () => {
  const keepalive = { type: "keepalive" };
  const withComment = wire
    .stream(keepalive, ...said)
    .replace("event: keepalive", ": hello\n\nevent: keepalive");
  const { body } = serve(wire.stream(...calling), withComment);
  expect(body).toContain(": hello\n\n");
  const numbers = eventsOf(body.replace(": hello\n\n", "")).map(({ sequence_number }) => sequence_number);
  expect(numbers).toEqual(numbers.map((_, index) => index));
});

test("values of the wrong kinds are relayed or left out, and nothing throws", () => {
  const odd = [
    { type: "response.output_item.added", output_index: -1, item: 5 },
    {
      type: "response.output_item.done",
      output_index: 1e15,
      item: { type: "function_call", name: read, call_id: 7 },
    },
    { type: "response.output_item.done", output_index: 0, item: [] },
    { type: "response.in_progress", response: "x" },
    wire.terminal("completed", [5, null, "x"] as unknown as object[]),
  ];
  const { ends } = serve(wire.stream(...odd), wire.stream(...said));
  expect(ends[0]).toMatchObject({ complete: true, next: "calls" });
});
