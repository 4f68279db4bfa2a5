import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { RecordStore } from "./record-store.ts";
import { children, interception, provisionalEnd, realEnd } from "./sample-records.ts";

/** A store in a new file, and what a table of it holds. */
function useStore() {
  const folder = mkdtempSync(join(tmpdir(), "recorder-host-"));
  const file = join(folder, "records.db");
  const store = new RecordStore(file);
  const reader = new DatabaseSync(file);
  onTestFinished(() => {
    reader.close();
    store[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const rowsOf = (table: string) => {
    const query = reader.prepare(`select * from ${table}`);
    query.setReadBigInts(true);
    return query.all().map((row) => ({ ...row }));
  };
  return { store, rowsOf, file };
}

test("the file is its owner's alone", () => {
  const { store, file } = useStore();
  store.recordBatch([interception]);
  expect([file, `${file}-wal`].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600]);
});

test("an interception becomes a row", () => {
  const { store, rowsOf } = useStore();
  store.recordBatch([interception]);
  expect(rowsOf("interceptions")).toEqual([
    {
      id: "019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c",
      initiator_id: "alice",
      api_key_id: "key-1",
      provider: "anthropic",
      provider_name: "anthropic-eu",
      model: "claude-sonnet-4-5",
      route: "/v1/messages",
      streaming: 1n,
      started_at: 1_795_348_800_123_456n,
      client: "Claude Code",
      client_session_id: "session-1",
      user_agent: "claude-cli/2.1.330",
      correlating_tool_call_id: "toolu_1",
      credential_kind: "CREDENTIAL_KIND_CENTRALIZED",
      credential_hint: "sk-a…4f2c",
      gateway_id: "eu-1",
      metadata: '{"10":1,"9":[2.5,{"a":true,"b":null}],"team":"Zoë"}',
    },
  ]);
});

test("what belongs to an interception becomes rows, also before its start", () => {
  const { store, rowsOf } = useStore();
  store.recordBatch(children);
  store.recordBatch([interception]);
  const made = { created_at: 1_795_348_800_123_456n, metadata: "{}" };
  const ids = (number: number) => ({
    id: `019ab3f0-6c1e-7a55-8b9f-00000000000${number}`,
    interception_id: "019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c",
    message_id: "msg_1",
  });
  const usage = {
    input_tokens: 4_611_686_018_427_387_904n,
    output_tokens: 0n,
    cache_read_input_tokens: 0n,
    cache_write_input_tokens: 0n,
    extra_token_types: '{"a":1,"b":2}',
    source: "USAGE_SOURCE_REPORTED",
    service_tier: "",
  };
  const tool = {
    ...{ tool_call_id: "", tool: "Bash", server_url: null, input: '{"a": 1}', injected: 1n },
    ...{ invocation_error: null, duration: null },
  };
  expect(rowsOf("token_usages")).toEqual([{ ...ids(3), ...usage, ...made }]);
  expect(rowsOf("prompt_usages")).toEqual([{ ...ids(4), prompt: "why?\u0000", ...made }]);
  expect(rowsOf("tool_usages")).toEqual([{ ...ids(5), ...tool, ...made }]);
  expect(rowsOf("model_thoughts")).toEqual([
    { ...ids(6), content: "hm", source: "THOUGHT_SOURCE_THINKING", ...made },
  ]);
});

test("a record that comes twice is stored once", () => {
  const { store, rowsOf } = useStore();
  store.recordBatch([interception, ...children, interception]);
  store.recordBatch([...children, interception]);
  for (const table of ["interceptions", "token_usages", "prompt_usages", "tool_usages", "model_thoughts"]) {
    expect(rowsOf(table)).toHaveLength(1);
  }
});

test.each([
  ["real, provisional", [realEnd, provisionalEnd]],
  ["provisional, real", [provisionalEnd, realEnd]],
])("of the ends %s the real one stays", (_, ends) => {
  const { store, rowsOf } = useStore();
  for (const end of ends) store.recordBatch([end]);
  expect(rowsOf("interception_ends")).toEqual([
    {
      interception_id: "019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c",
      id: "019ab3f0-6c1e-7a55-8b9f-000000000001",
      ended_at: 1_795_348_800_123_456n,
      outcome: "INTERCEPTION_OUTCOME_COMPLETED",
      provisional: 0n,
      http_status: 200n,
      error_type: "",
      error_message: "",
      time_to_first_byte: 1_000_002n,
      credential_hint: "",
      upstream_turns: 1n,
    },
  ]);
});

test("of two real ends the first stays", () => {
  const { store, rowsOf } = useStore();
  const second = { ...realEnd, value: { ...realEnd.value, id: "019ab3f0-6c1e-7a55-8b9f-000000000007" } };
  store.recordBatch([realEnd]);
  store.recordBatch([second]);
  expect(rowsOf("interception_ends")).toMatchObject([{ id: realEnd.value.id }]);
});

test("a batch that fails leaves nothing behind, and the next one is stored", () => {
  const { store, rowsOf } = useStore();
  const unstorable = { case: "interception", value: { ...interception.value, model: null } } as never;
  expect(() => store.recordBatch([...children, unstorable])).toThrow("NOT NULL");
  expect(rowsOf("prompt_usages")).toEqual([]);
  store.recordBatch(children);
  expect(rowsOf("prompt_usages")).toHaveLength(1);
});
