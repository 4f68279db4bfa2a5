import { describe, expect, test } from "vitest";
import { clientSession, recogniseClient } from "./client-session.ts";

describe("clients", () => {
  test.each([
    ["claude-cli/2.1.330 (external, sdk-cli)", "Claude Code"],
    ["Claude-Code/1.0", "Claude Code"],
    ["codex_exec/0.169.0 (Debian 12; x86_64)", "Codex"],
    ["codex-tui/0.1", "Codex"],
    ["GitHubCopilotChat/0.26.7", "GitHub Copilot (VS Code)"],
    ["copilot/1.0.3 (linux)", "GitHub Copilot (CLI)"],
    ["Zed/0.190.6", "Zed"],
    ["Kilo-Code/4.117.0", "Kilo Code"],
    ["Roo-Code/3.25", "Roo Code"],
    ["coder-agents/2.30", "Coder Agents"],
    ["mux/0.9", "Mux"],
    ["xum/0.9", "Mux"],
    ["Charm Crush/0.12", "Charm Crush"],
    ["charm-crush/0.12", "Charm Crush"],
    ["opencode/1.18.33 ai-sdk", "OpenCode"],
    ["QwenCode/0.24.4 (linux; x64)", "Qwen Code"],
    ["junie:1.2", "Junie"],
    ["GeminiCLI/0.9 (linux)", "Gemini CLI"],
    ["OpenAI/JS 7.57.0", "Unknown"],
    ["my-claude", "Unknown"],
    ["zed", "Unknown"],
    ["", "Unknown"],
  ])("%j is %s", (agent, client) => {
    expect(recogniseClient({ "user-agent": agent })).toBe(client);
  });

  test.each([
    [{ "user-agent": "Mozilla/5.0", originator: "Kilo-Code" }, "Kilo Code"],
    [{ originator: "roo-code" }, "Roo Code"],
    [{ originator: "codex_exec" }, "Unknown"],
    [{ "user-agent": "connect-es/1.6", "x-cursor-client-version": "1.7.2" }, "Cursor"],
    [{ "x-cursor-client-version": "" }, "Cursor"],
    [{ "user-agent": ["claude-cli/1.0", "other"] }, "Claude Code"],
    [{}, "Unknown"],
  ])("%j is %s", (headers, client) => {
    expect(recogniseClient(headers)).toBe(client);
  });
});

describe("sessions", () => {
  test.each<[string, Record<string, string | string[]>, string | undefined, string | undefined]>([
    ["Claude Code", { "x-claude-code-session-id": "s1" }, undefined, "s1"],
    ["Claude Code", { "x-claude-code-session-id": "s1" }, "user_a_account__session_s2", "s1"],
    ["Claude Code", {}, "user_a_account__session_s2", "s2"],
    ["Claude Code", {}, '{"device_id":"d","account_uuid":"","session_id":"s3"}', "s3"],
    ["Claude Code", {}, '{"session_id":5}', undefined],
    ["Claude Code", {}, "null", undefined],
    ["Claude Code", {}, "user_a", undefined],
    ["Claude Code", {}, undefined, undefined],
    ["Codex", { "session-id": "s1", session_id: "s2" }, undefined, "s1"],
    ["Codex", { session_id: "s2" }, undefined, "s2"],
    ["GitHub Copilot (VS Code)", { "x-interaction-id": "s1" }, undefined, "s1"],
    ["GitHub Copilot (CLI)", { "x-client-session-id": "s1" }, undefined, "s1"],
    ["Zed", { "session-id": "s1" }, undefined, undefined],
    ["Kilo Code", { "x-kilocode-taskid": "s1" }, undefined, "s1"],
    ["Roo Code", { "x-session-id": "s1" }, undefined, undefined],
    ["Coder Agents", { "x-coder-chat-id": "s1" }, undefined, "s1"],
    ["Mux", { "x-mux-workspace-id": "s1" }, undefined, "s1"],
    ["Charm Crush", { "session-id": "s1" }, undefined, undefined],
    ["Cursor", { "session-id": "s1" }, undefined, undefined],
    [
      "OpenCode",
      { "x-opencode-session": "s1", "x-session-id": "s2", "x-session-affinity": "s3" },
      undefined,
      "s1",
    ],
    ["OpenCode", { "x-session-id": "s2", "x-session-affinity": "s3" }, undefined, "s2"],
    ["OpenCode", { "x-session-affinity": "s3" }, undefined, "s3"],
    ["Qwen Code", { "x-session-id": "s1" }, undefined, undefined],
    ["Junie", { "x-session-id": "s1" }, undefined, undefined],
    ["Gemini CLI", { "x-session-id": "s1" }, undefined, undefined],
    ["Unknown", { "x-session-id": "s1" }, "user_a_session_s2", undefined],
  ])("%s with %j and %j: %s", (client, headers, userId, id) => {
    expect(clientSession(client, headers, userId)).toBe(id);
  });

  test.each(["", "a\u0000b", "a\u007f", "x".repeat(257)])(
    "%j is no session id: the next source counts",
    (id) => {
      expect(clientSession("Codex", { "session-id": id, session_id: "s2" }, undefined)).toBe("s2");
      expect(clientSession("Claude Code", {}, JSON.stringify({ session_id: id }))).toBeUndefined();
    },
  );

  test("256 characters are still one", () => {
    expect(clientSession("Codex", { "session-id": "x".repeat(256) }, undefined)).toBe("x".repeat(256));
  });
});
