import { InterceptionOutcome } from "@aibridge/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stories } from "../fixtures/index.ts";
import type { Story } from "../fixtures/story.ts";
import { expectedRecords, storedRecords } from "../support/observed-records.ts";
import { apiCases, apiModes, interceptionId, send } from "../support/requests.ts";
import { databaseKinds, type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

describe.each(databaseKinds)("in %s", (database) => {
  let gateway: GatewayUnderTest;
  beforeAll(async () => {
    gateway = await useGateway({ database });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const forms = stories.flatMap((story) => [
    ...(story.stream === undefined
      ? []
      : [{ name: story.name, api: story.api, form: "stream" as const, story }]),
    ...(story.answer === undefined
      ? []
      : [{ name: story.name, api: story.api, form: "answer" as const, story }]),
  ]);

  describe.each(forms)("$api, $form: $name", ({ story, form }) => {
    test("is relayed as it is and recorded as it says", async () => {
      const response = await play(story, form);
      const received = await response.text().catch(() => undefined);
      const whole = story.complete ?? true;
      if (whole)
        expect(received).toBe(form === "stream" ? (story.visibleStream ?? story.stream) : story.answer);
      const found = await gateway.interception(interceptionId(response));
      const expected = form === "answer" ? (story.expectedOfAnswer ?? story.expected) : story.expected;
      expect(storedRecords(found)).toEqual(expectedRecords(expected));
      const failed = !whole || story.error !== undefined;
      expect(found.ended?.outcome).toBe(failed ? InterceptionOutcome.FAILED : InterceptionOutcome.COMPLETED);
      if (story.error !== undefined && whole) expect(found.ended?.errorType).toBe(story.error.type);
      const message = expected.find((one) => "message" in one)?.message ?? "";
      const prompted = story.usageOptional ? [] : [{ prompt: "How are you?", messageId: message }];
      expect(found.promptUsages).toMatchObject(prompted);
    });
  });

  /** Lets the provider answer with a story. */
  function play(story: Story, form: "stream" | "answer"): Promise<Response> {
    const stream = form === "stream";
    const type = stream ? "text/event-stream" : "application/json";
    gateway.provider.next({
      raw: { headers: { "content-type": type }, body: (stream ? story.stream : story.answer) ?? "" },
    });
    const asksForUsage = story.visibleStream === undefined ? { stream_options: { include_usage: true } } : {};
    const extra = {
      ...(story.api === "chat" && stream && asksForUsage),
      ...(story.usageOptional && { generate: false }),
    };
    return send(gateway, story.api, stream, { body: extra });
  }

  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
  const reminder = "<system-reminder>\nctx\n</system-reminder>";

  /** What a request says: which prompt, which tool result it answers. */
  const requests = [
    ["messages", "text", { messages: [{ role: "user", content: "a" }] }, "a", undefined],
    [
      "messages",
      "parts",
      {
        messages: [
          { role: "user", content: [{ type: "text", text: "a" }, image, { type: "text", text: "b" }] },
        ],
      },
      "a\nb",
      undefined,
    ],
    [
      "messages",
      "client context",
      {
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: reminder },
              { type: "text", text: "a" },
            ],
          },
        ],
      },
      "a",
      undefined,
    ],
    [
      "messages",
      "only client context",
      { messages: [{ role: "user", content: [{ type: "text", text: reminder }] }] },
      reminder,
      undefined,
    ],
    [
      "messages",
      "a trailing system message",
      {
        messages: [
          { role: "user", content: "a" },
          { role: "system", content: "s" },
        ],
      },
      "a",
      undefined,
    ],
    [
      "messages",
      "a prefilled answer",
      {
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: "{" },
        ],
      },
      undefined,
      undefined,
    ],
    [
      "messages",
      "a tool result",
      {
        messages: [
          {
            role: "user",
            content: [
              { type: "tool_result", tool_use_id: "t1", content: "x" },
              { type: "tool_result", tool_use_id: "t2", content: "y" },
            ],
          },
        ],
      },
      undefined,
      "t2",
    ],
    [
      "messages",
      "a tool result and text",
      {
        messages: [
          {
            role: "user",
            content: [
              { type: "tool_result", tool_use_id: "t1", content: "x" },
              { type: "text", text: "and?" },
            ],
          },
        ],
      },
      "and?",
      "t1",
    ],
    ["chat", "text", { messages: [{ role: "user", content: "a" }] }, "a", undefined],
    [
      "chat",
      "parts",
      {
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "a" },
              { type: "text", text: "b" },
            ],
          },
        ],
      },
      "a\nb",
      undefined,
    ],
    [
      "chat",
      "a tool result",
      {
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", tool_calls: [] },
          { role: "tool", tool_call_id: "c1", content: "x" },
        ],
      },
      undefined,
      "c1",
    ],
    ["responses", "text", { input: "a" }, "a", undefined],
    [
      "responses",
      "a message",
      { input: [{ role: "user", content: [{ type: "input_text", text: "a" }] }] },
      "a",
      undefined,
    ],
    [
      "responses",
      "a tool output",
      {
        input: [
          { role: "user", content: "a" },
          { type: "function_call_output", call_id: "f1", output: "x" },
        ],
      },
      undefined,
      "f1",
    ],
    [
      "responses",
      "a custom tool output",
      { input: [{ type: "custom_tool_call_output", call_id: "f2", output: "x" }] },
      undefined,
      "f2",
    ],
  ] as const;

  test.each(requests)("%s, %s: prompt and correlation", async (api, _, body, prompt, correlating) => {
    const response = await send(gateway, api, false, { body });
    await response.text();
    const { interception, promptUsages } = await gateway.interception(interceptionId(response));
    expect(promptUsages.map((one) => one.prompt)).toEqual(prompt === undefined ? [] : [prompt]);
    expect(interception?.correlatingToolCallId).toBe(correlating);
  });

  /** The clients of the table, with the headers and the session they come with. */
  const clients = [
    [
      "Claude Code",
      { "user-agent": "claude-cli/2.1.330 (external, sdk-cli)", "x-claude-code-session-id": "s1" },
      "s1",
    ],
    ["Codex", { "user-agent": "codex_exec/0.169.0", "session-id": "s2" }, "s2"],
    ["Codex", { "user-agent": "codex_exec/0.169.0", session_id: "s3" }, "s3"],
    ["GitHub Copilot (VS Code)", { "user-agent": "GitHubCopilotChat/0.30", "x-interaction-id": "s4" }, "s4"],
    ["GitHub Copilot (CLI)", { "user-agent": "copilot/1.0", "x-client-session-id": "s5" }, "s5"],
    ["Zed", { "user-agent": "Zed/0.2" }, undefined],
    ["Kilo Code", { "user-agent": "Kilo-Code/4", "x-kilocode-taskid": "s6" }, "s6"],
    ["Kilo Code", { "user-agent": "OpenAI/JS", originator: "kilo-code", "x-kilocode-taskid": "s6" }, "s6"],
    ["Roo Code", { "user-agent": "roo-code/3" }, undefined],
    ["Roo Code", { originator: "roo-code" }, undefined],
    ["Coder Agents", { "user-agent": "coder-agents/1", "x-coder-chat-id": "s7" }, "s7"],
    ["Mux", { "user-agent": "mux/1", "x-mux-workspace-id": "s8" }, "s8"],
    ["Mux", { "user-agent": "xum/1", "x-mux-workspace-id": "s8" }, "s8"],
    ["Charm Crush", { "user-agent": "Charm Crush/1" }, undefined],
    ["Charm Crush", { "user-agent": "charm-crush/1" }, undefined],
    ["Cursor", { "x-cursor-client-version": "2.0" }, undefined],
    [
      "OpenCode",
      { "user-agent": "opencode/1.18.33", "x-opencode-session": "s9", "x-session-id": "other" },
      "s9",
    ],
    [
      "OpenCode",
      { "user-agent": "opencode/1.18.33", "x-session-id": "s10", "x-session-affinity": "other" },
      "s10",
    ],
    ["OpenCode", { "user-agent": "opencode/1.18.33", "x-session-affinity": "s11" }, "s11"],
    ["Qwen Code", { "user-agent": "QwenCode/0.24" }, undefined],
    ["Junie", { "user-agent": "junie:1" }, undefined],
    ["Gemini CLI", { "user-agent": "GeminiCLI/1" }, undefined],
    ["Unknown", { "user-agent": "curl/8" }, undefined],
  ] as const;

  test.each(clients)("%s is recognised by %o", async (client, headers, session) => {
    for (const { api, stream } of apiModes.filter((mode) => !mode.stream)) {
      const response = await send(gateway, api, stream, { headers });
      await response.text();
      const { interception } = await gateway.interception(interceptionId(response));
      expect(interception).toMatchObject({
        client,
        route: apiCases[api].path.replace(/^\/\w+/, ""),
        userAgent: headers["user-agent" as never] ?? "node",
      });
      expect(interception?.clientSessionId).toBe(session);
    }
  });

  test.each([
    [JSON.stringify({ device_id: "d", session_id: "from-json" }), "from-json"],
    ["user_abc_account_def_session_from-text", "from-text"],
  ])("Claude Code's session is read from metadata.user_id %s", async (userId, session) => {
    const options = { headers: { "user-agent": "claude-cli/1.0" }, body: { metadata: { user_id: userId } } };
    const response = await send(gateway, "messages", false, options);
    await response.text();
    expect((await gateway.interception(interceptionId(response))).interception?.clientSessionId).toBe(
      session,
    );
  });
});
