import { expect, test } from "vitest";
import type { ToolSet } from "../mcp/tool-set.ts";
import { ConversationTools } from "./conversation-tools.ts";

const query = { actorId: "alice", apiKeyId: "key", providerName: "anthropic" };
const newSet = (): ToolSet => ({ central: [], byId: new Map() });

test("requests that begin a conversation at the same time get the same tools, and so do those after them", async () => {
  const found = [Promise.withResolvers<ToolSet>(), Promise.withResolvers<ToolSet>()] as const;
  const waiting = [...found];
  const tools = new ConversationTools({ toolsFor: () => waiting.shift()?.promise, isSettled: () => true });
  const begun = [tools.toolsFor(query, "session"), tools.toolsFor(query, "session")];
  const [early, late] = [newSet(), newSet()];
  found[1].resolve(early);
  await begun[1];
  found[0].resolve(late);
  expect(await Promise.all(begun)).toEqual([early, early]);
  expect(await begun[0]).toBe(early);
  expect(tools.toolsFor(query, "session")).toBe(early);
});

test("a conversation of that name of another actor, or with another provider, is another one", () => {
  const tools = new ConversationTools({ toolsFor: newSet, isSettled: () => true });
  const first = tools.toolsFor(query, "session");
  expect(tools.toolsFor({ ...query, actorId: "bob" }, "session")).not.toBe(first);
  expect(tools.toolsFor({ ...query, providerName: "other" }, "session")).not.toBe(first);
  expect(tools.toolsFor(query, "session")).toBe(first);
});

test("a conversation without tools stays so, unless they could not be found when it began", () => {
  let found: ToolSet | undefined;
  let settled = false;
  const tools = new ConversationTools({ toolsFor: () => found, isSettled: () => settled });
  expect(tools.toolsFor(query, "early")).toBeUndefined();
  settled = true;
  expect(tools.toolsFor(query, "without")).toBeUndefined();
  found = newSet();
  expect(tools.toolsFor(query, "early")).toBe(found);
  expect(tools.toolsFor(query, "without")).toBeUndefined();
  const first = found;
  found = newSet();
  expect(tools.toolsFor(query, "early")).toBe(first);
});
