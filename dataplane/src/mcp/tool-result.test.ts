import type { CallToolResult } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { toolResult } from "./tool-result.ts";

const image = (mimeType: string) => ({ type: "image" as const, mimeType, data: "aGk=" });

test.each<[string, Partial<CallToolResult>, unknown]>([
  ["text", { content: [{ type: "text", text: "hi" }] }, [{ kind: "text", text: "hi" }]],
  ["an image", { content: [image("image/png")] }, [{ kind: "image", mimeType: "image/png", data: "aGk=" }]],
  [
    "an image no provider takes",
    { content: [image("image/tiff")] },
    [{ kind: "text", text: "[an image of type image/tiff, which cannot be shown here]" }],
  ],
  [
    "sound",
    { content: [{ type: "audio", mimeType: "audio/wav", data: "aGk=" }] },
    [{ kind: "text", text: "[a sound of type audio/wav, which cannot be played here]" }],
  ],
  [
    "a text file",
    { content: [{ type: "resource", resource: { uri: "file:///a", text: "inside" } }] },
    [{ kind: "text", text: "inside" }],
  ],
  [
    "a binary file",
    { content: [{ type: "resource", resource: { uri: "file:///a", blob: "aGk=", mimeType: "a/b" } }] },
    [{ kind: "text", text: "[a file: file:///a (a/b)]" }],
  ],
  [
    "a link, which is not followed",
    { content: [{ type: "resource_link", name: "notes", uri: "https://example.com/" }] },
    [{ kind: "text", text: "[a link: notes https://example.com/]" }],
  ],
  [
    "a kind nobody knows yet",
    { content: [{ type: "smell", of: "roses" } as never] },
    [{ kind: "text", text: '{"type":"smell","of":"roses"}' }],
  ],
  [
    "structured content alone",
    { content: [], structuredContent: { a: 1 } },
    [{ kind: "text", text: '{"a":1}' }],
  ],
  [
    "structured content beside content",
    { content: [{ type: "text", text: "a is 1" }], structuredContent: { a: 1 } },
    [{ kind: "text", text: "a is 1" }],
  ],
  ["nothing", { content: [] }, [{ kind: "text", text: "(no content)" }]],
  [
    "a lone surrogate",
    { content: [{ type: "text", text: "a\uD800b" }] },
    [{ kind: "text", text: "a\uFFFDb" }],
  ],
])("%s", (_case, result, parts) => {
  expect(toolResult({ content: [], ...result }, 1000)).toEqual({ isError: false, parts });
});

test("a result that says it is an error is one", () => {
  expect(toolResult({ content: [], isError: true }, 1000).isError).toBe(true);
});

test("what is too large is cut on a character, and the model is told", () => {
  const result: CallToolResult = {
    content: [{ type: "text", text: "12345678" }, { type: "text", text: "aéé" }, image("image/png")],
  };
  expect(toolResult(result, 10).parts).toEqual([
    { kind: "text", text: "12345678" },
    { kind: "text", text: "a\n[cut: the result is 4 bytes longer]" },
    { kind: "text", text: "[an image of 4 bytes was left out: the result is too large]" },
  ]);
});
