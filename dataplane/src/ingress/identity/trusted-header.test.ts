import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { IdentityMode, IdentitySchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type IdentityRules, runtimeIdentity } from "../../plan/runtime-identity.ts";
import { trustedHeader } from "./trusted-header.ts";

const rules = runtimeIdentity(
  create(IdentitySchema, {
    mode: IdentityMode.TRUSTED_HEADER,
    trustedHeader: "Remote-User",
    trustedSources: ["10.0.0.0/8"],
  }),
).rules as Extract<IdentityRules, { mode: "trusted_header" }>;

/** A request as node:http makes it of these header lines. */
function request(peer: string | undefined, ...lines: [name: string, value: string][]): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: peer });
  const message = new IncomingMessage(socket);
  for (const [name, value] of lines) {
    const lower = name.toLowerCase();
    message.headers[lower] ??= value;
    message.headersDistinct[lower] = [...(message.headersDistinct[lower] ?? []), value];
  }
  return message;
}

const read = (byokOnly: boolean, ...lines: [string, string][]) =>
  trustedHeader(request("10.1.2.3", ["Remote-User", "alice"], ...lines), rules, byokOnly);

test.each(["10.1.2.3", "::ffff:10.1.2.3"])("a trusted peer, %s, names the actor", (peer) => {
  expect(trustedHeader(request(peer, ["Remote-User", "alice"]), rules, false)).toEqual({
    identity: { kind: "trusted_actor_id", actorId: "alice" },
    byok: undefined,
  });
});

test("the name is read as UTF-8", () => {
  const latin1 = Buffer.from("jürgen", "utf8").toString("latin1");
  expect(trustedHeader(request("10.1.2.3", ["Remote-User", latin1]), rules, false).identity).toEqual({
    kind: "trusted_actor_id",
    actorId: "jürgen",
  });
});

test.each<[what: string, peer: string | undefined, ...lines: [string, string][]]>([
  ["a stranger", "192.0.2.1", ["Remote-User", "alice"]],
  [
    "a stranger that claims to be forwarded",
    "192.0.2.1",
    ["Remote-User", "a"],
    ["X-Forwarded-For", "10.1.2.3"],
  ],
  ["a stranger with a token", "192.0.2.1", ["X-AIBridge-Token", "aib_1"]],
  ["a peer without an address", undefined, ["Remote-User", "alice"]],
  ["a trusted peer that names nobody", "10.1.2.3"],
  ["a trusted peer that names nobody but passes a token", "10.1.2.3", ["Authorization", "Bearer aib_1"]],
  ["an empty name", "10.1.2.3", ["Remote-User", " "]],
  ["two names", "10.1.2.3", ["Remote-User", "mallory"], ["remote-user", "alice"]],
  ["a name that is no UTF-8", "10.1.2.3", ["Remote-User", "j\xfcrgen"]],
  ["a name too long to be recorded", "10.1.2.3", ["Remote-User", "x".repeat(256)]],
])("%s is a 401", (_, peer, ...lines) => {
  expect(() => trustedHeader(request(peer, ...lines), rules, false)).toThrow(
    expect.objectContaining({ code: "unauthenticated" }),
  );
});

test("Authorization alone is not for the provider: it may be a placeholder, or the proxy's", () => {
  expect(read(false, ["Authorization", "Bearer sso-token-0123456789"]).byok).toBeUndefined();
});

test("beside X-AIBridge-Token, Authorization and X-Api-Key are the user's own", () => {
  expect(read(false, ["X-AIBridge-Token", "own"], ["X-Api-Key", "sk-user-0123456789abcdef"]).byok).toEqual({
    byok: true,
    hint: "sk-u…cdef",
    headers: [["x-api-key", "sk-user-0123456789abcdef"]],
  });
  expect(read(false, ["X-AIBridge-Token", "aib_1"], ["Authorization", "Bearer aib_1"]).byok).toBeUndefined();
});

test("where a provider takes nothing else, Authorization is the user's own", () => {
  expect(read(true, ["Authorization", "Bearer ghu_0123456789abcdef"]).byok?.headers).toEqual([
    ["authorization", "Bearer ghu_0123456789abcdef"],
  ]);
});
