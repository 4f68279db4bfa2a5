import { McpServerSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServerLink } from "./server-link.ts";
import { ServerLinks } from "./server-links.ts";

const query = { actorId: "alice", apiKeyId: "key", providerName: "anthropic" };
const wiki = create(McpServerSchema, {
  name: "wiki",
  url: "http://wiki.example/mcp",
  accessToken: "token-1",
});

let links: ServerLinks;
beforeEach(() => {
  vi.useFakeTimers();
  links = newLinks(10_000);
});
afterEach(() => {
  links.close();
  vi.useRealTimers();
});

/** No server can be reached. */
function newLinks(maxLinks: number): ServerLinks {
  return new ServerLinks({
    fetch: () => Promise.reject(new Error("offline")),
    clientVersion: "1.0.0",
    log: pino({ level: "silent" }),
    reached: () => undefined,
    maxLinks,
  });
}

test("an actor has one link to a server, whatever key or provider the request has", () => {
  const link = links.of(query, wiki);
  expect(links.of(query, create(McpServerSchema, wiki))).toBe(link);
  expect(links.of({ ...query, apiKeyId: "other", providerName: "openai" }, wiki)).toBe(link);
});

test.each([
  ["another actor", { ...query, actorId: "bob" }, wiki],
  ["another token", query, create(McpServerSchema, { ...wiki, accessToken: "token-2" })],
  ["another header", query, create(McpServerSchema, { ...wiki, headers: { "x-key": "1" } })],
  ["another URL", query, create(McpServerSchema, { ...wiki, url: "http://wiki.example/other" })],
  ["another name", query, create(McpServerSchema, { ...wiki, name: "other" })],
])("%s has a link of its own", (_case, of, server) => {
  const link = links.of(query, wiki);
  expect(links.of(of, server)).not.toBe(link);
  expect(links.of(query, wiki)).toBe(link);
});

test("the one that was not used for the longest time makes room", () => {
  links.close();
  links = newLinks(2);
  const actors = ["alice", "bob"].map((actorId) => ({ ...query, actorId }));
  const [alice, bob] = actors.map((actor) => links.of(actor, wiki));
  const close = vi.spyOn(bob as ServerLink, "close");
  links.of({ ...query, actorId: "alice" }, wiki);
  links.of({ ...query, actorId: "carol" }, wiki);
  expect(close).toHaveBeenCalledOnce();
  expect(links.of({ ...query, actorId: "alice" }, wiki)).toBe(alice);
  expect(links.of({ ...query, actorId: "bob" }, wiki)).not.toBe(bob);
});

test("a link that nobody uses is closed after five minutes and forgotten after an hour", () => {
  const link = links.of(query, wiki);
  const close = vi.spyOn(link, "close");
  vi.advanceTimersByTime(300_000);
  expect(close).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(close).toHaveBeenCalled();
  expect(links.of(query, wiki)).toBe(link);
  vi.advanceTimersByTime(3_720_000);
  expect(links.of(query, wiki)).not.toBe(link);
});
