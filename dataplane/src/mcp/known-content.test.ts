import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { takeUnknownContent, withKnownContent } from "./known-content.ts";

function result(...content: unknown[]) {
  return { jsonrpc: "2.0" as const, id: 1, result: { content } };
}

const known = [
  { type: "text", text: "hi", later: "unknown members stay" },
  { type: "image", mimeType: "image/png", data: "aGk=" },
  { type: "audio", mimeType: "audio/wav", data: "aGk=" },
  { type: "resource", resource: { uri: "file:///a", text: "inside" } },
  { type: "resource_link", name: "notes", uri: "https://example.com/" },
];

test.each<[string, JSONRPCMessage]>([
  ["content of every known kind", result(...known)],
  ["a result without content", { jsonrpc: "2.0", id: 1, result: { tools: [] } }],
  ["an error", { jsonrpc: "2.0", id: 1, error: { code: -1, message: "no" } }],
  ["a notification", { jsonrpc: "2.0", method: "notifications/message", params: { content: [1] } }],
])("%s stays the same object", (_case, message) => {
  expect(withKnownContent(message)).toBe(message);
});

test.each<[string, unknown, string]>([
  ["a kind nobody knows yet", { type: "smell", of: "roses" }, '{"type":"smell","of":"roses"}'],
  [
    "an image without data",
    { type: "image", mimeType: "image/png" },
    '{"type":"image","mimeType":"image/png"}',
  ],
  ["text that is none", { type: "text", text: 1 }, '{"type":"text","text":1}'],
  ["no object", "bare words", '"bare words"'],
  ["nothing", null, "null"],
])("%s becomes JSON text, and what is beside it stays", (_case, part, text) => {
  const { content } = withKnownContent(result(known[0], part)).result;
  expect(content).toEqual([known[0], { type: "text", text }]);
});

test("of a long part the beginning is shown, and the model is told", () => {
  const { content } = withKnownContent(result({ type: "film", data: "x".repeat(10_000) })).result;
  const [{ text }] = content as [{ text: string }];
  expect(text).toMatch(/^\{"type":"film","data":"x{4000,}\n\[cut: this part is 5\d{3} bytes longer\]$/);
  expect(text.length).toBeLessThan(4200);
});

test("a listener gets what it can read, with everything else as it came", () => {
  const seen: unknown[] = [];
  const transport: Parameters<typeof takeUnknownContent>[0] = {
    onmessage: (message, extra) => void seen.push(message, extra),
  };
  takeUnknownContent(transport);
  const extra = { request: new Request("http://localhost") };
  transport.onmessage?.(result({ type: "smell" }), extra);
  expect(seen).toEqual([result({ type: "text", text: '{"type":"smell"}' }), extra]);
});
