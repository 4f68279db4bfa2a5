import { expect, onTestFinished, test } from "vitest";
import { startScriptedProvider } from "./scripted-provider.ts";

test.each([true, false])(
  "a provider refuses what is wrong only if it is strict (%s), and keeps its script",
  async (strict) => {
    const provider = await startScriptedProvider({ strict });
    onTestFinished(() => provider.close());
    provider.next({ content: "first" }, { content: "second" });
    const send = async (...messages: object[]) => {
      const body = JSON.stringify({ model: "gpt-test", messages });
      const response = await fetch(`${provider.url}/v1/chat/completions`, { method: "POST", body });
      return { status: response.status, text: await response.text() };
    };
    const wrong = await send({ role: "tool", tool_call_id: "a", content: "x" });
    expect(wrong.status).toBe(strict ? 400 : 200);
    const right = await send({ role: "user", content: "Hi" });
    expect(right.text).toContain(strict ? "first" : "second");
  },
);
