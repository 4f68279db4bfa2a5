import { ActorSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { downstreamHeaders, upstreamHeaders } from "./headers.ts";

const credential = { headers: [["x-api-key", "sk-central"]], hint: "", byok: false } as const;
const options = {
  credential,
  identityEncoding: true,
  decodedBody: false,
  trustedHeader: undefined,
  actor: undefined,
};

test("client headers go upstream, but for those of this hop and credentials", () => {
  const sent = [
    ["Host", "gateway"],
    ["User-Agent", "claude-cli/2.1"],
    ["Content-Type", "application/json"],
    ["Content-Length", "12"],
    ["Accept-Encoding", "gzip, br"],
    ["Authorization", "Bearer aib_secret"],
    ["X-Api-Key", "aib_secret"],
    ["X-AIBridge-Token", "aib_secret"],
    ["X-AI-Bridge-Actor-ID", "mallory"],
    ["Cookie", "session=1"],
    ["Forwarded", "for=1.2.3.4"],
    ["X-Forwarded-For", "1.2.3.4"],
    ["Connection", "keep-alive, X-Private"],
    ["X-Private", "1"],
    ["Transfer-Encoding", "chunked"],
    ["TE", "trailers"],
    ["Expect", "100-continue"],
    ["anthropic-beta", "a"],
    ["anthropic-beta", "b"],
  ];
  expect(upstreamHeaders(sent.flat(), options)).toEqual(
    [
      ["User-Agent", "claude-cli/2.1"],
      ["Content-Type", "application/json"],
      ["anthropic-beta", "a"],
      ["anthropic-beta", "b"],
      ["accept-encoding", "identity"],
      ["x-api-key", "sk-central"],
    ].flat(),
  );
});

test("the header that names the actor stays here, however it is written", () => {
  const sent = ["Remote-User", "alice", "REMOTE-USER", "mallory", "Accept", "*/*"];
  const headers = upstreamHeaders(sent, { ...options, trustedHeader: "remote-user" });
  expect(headers).toEqual(["Accept", "*/*", "accept-encoding", "identity", "x-api-key", "sk-central"]);
  expect(upstreamHeaders(sent, options)).toContain("alice");
});

test("an edited body goes out decoded", () => {
  const sent = ["Content-Encoding", "zstd"];
  expect(upstreamHeaders(sent, { ...options, decodedBody: true })).not.toContain("zstd");
  expect(upstreamHeaders(sent, options)).toContain("zstd");
});

test("the key that a client gave to its request does not stand for a further one", () => {
  const sent = ["Idempotency-Key", "key-1"];
  expect(upstreamHeaders(sent, { ...options, followUp: true })).not.toContain("key-1");
  expect(upstreamHeaders(sent, options)).toContain("key-1");
});

test.each([
  [[], ["anthropic-beta", "new"]],
  [
    ["Anthropic-Beta", "a, b"],
    ["Anthropic-Beta", "a, b,new"],
  ],
  [
    ["anthropic-beta", "a", "anthropic-beta", "b"],
    ["anthropic-beta", "a", "anthropic-beta", "b,new"],
  ],
  [
    ["anthropic-beta", "a , new", "anthropic-beta", "b"],
    ["anthropic-beta", "a , new", "anthropic-beta", "b"],
  ],
  [
    ["anthropic-beta", ""],
    ["anthropic-beta", "new"],
  ],
])("a beta that the gateway needs joins those of the client: %j", (sent, expected) => {
  const headers = upstreamHeaders(sent, { ...options, identityEncoding: false, betas: ["new"] });
  expect(headers).toEqual([...expected, "x-api-key", "sk-central"]);
});

test("the actor is named in printable ASCII", () => {
  const actor = create(ActorSchema, {
    id: "jürgen 100%",
    metadata: { Team: "a\r\nb", "bad name": "x", n: 7 },
  });
  expect(upstreamHeaders([], { ...options, identityEncoding: false, actor })).toEqual(
    [
      ["x-api-key", "sk-central"],
      ["X-AI-Bridge-Actor-ID", "j%C3%BCrgen 100%25"],
      ["X-AI-Bridge-Actor-Metadata-Team", "a%0D%0Ab"],
      ["X-AI-Bridge-Actor-Metadata-n", "7"],
    ].flat(),
  );
});

test("upstream headers come back, but for those of that hop or host", () => {
  const sent = {
    "content-type": "text/event-stream",
    "request-id": "req_1",
    "set-cookie": ["a=1"],
    "alt-svc": "h3",
    "strict-transport-security": "max-age=1",
    "x-aibridge-interception-id": "forged",
    connection: "close, x-hop",
    "x-hop": "1",
    "transfer-encoding": "chunked",
    via: "1.1 a, 1.1 b",
  };
  expect(downstreamHeaders(sent)).toEqual(
    [
      ["content-type", "text/event-stream"],
      ["request-id", "req_1"],
      ["via", "1.1 a, 1.1 b"],
    ].flat(),
  );
});
