import { expect, test } from "vitest";
import { formatMcpServers } from "./format-mcp-servers.ts";

function listed(count: number, out?: string) {
  const tools = Array.from({ length: count }, (_, index) => ({
    name: `t${index}`,
    id: `bmcp_wiki_t${index}`,
    out,
    changed: undefined,
  }));
  const url = "https://mcp.example.com/mcp";
  return { name: "wiki", url, state: "up" as const, protocol: "2026-07-28", problem: undefined, tools };
}

test.each([
  [128, false],
  [129, true],
])("of %d tools it is said that OpenAI takes fewer: %s", (count, said) => {
  const text = formatMcpServers([listed(count), listed(10, "its name matches the deny pattern")]);
  expect(text.includes(`\n\n${count} tools are in. OpenAI takes 128 in one request`)).toBe(said);
});
