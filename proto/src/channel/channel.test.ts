import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ListInterceptionsResponseSchema, UsageService } from "../../gen/aibridge/v1/usage_pb.ts";
import { API_VERSION, checkApiVersion } from "./api-version.ts";
import { channelInterceptor, readBearer } from "./authorization.ts";
import { plaintextProblem } from "./plaintext.ts";
import { digestSecret, secretsEqual } from "./secrets.ts";

test.each([undefined, null, "1.0", API_VERSION])("API version %s is served", (sent) => {
  expect(checkApiVersion(sent)).toBeUndefined();
});

test.each([
  ["2.0", "the caller speaks API version 2.0, this server 1.0"],
  ["0.9", "the caller speaks API version 0.9, this server 1.0"],
  ["1.7", "the caller speaks API version 1.7, this server only 1.0"],
  ["one", "this server speaks 1.0"],
  ["", "this server speaks 1.0"],
])("API version %j is refused, naming both", (sent, message) => {
  expect(checkApiVersion(sent)).toContain(message);
});

test("secrets are compared by their digests", () => {
  expect(digestSecret("abc")).toEqual(createHash("sha256").update("abc").digest());
  expect(secretsEqual("abc", "abc")).toBe(true);
  expect(secretsEqual("abc", digestSecret("abc"))).toBe(true);
  expect(secretsEqual("abc", "abcd")).toBe(false);
  expect(secretsEqual("abc", new Uint8Array(4))).toBe(false);
});

test("every call is signed and names the API version", async () => {
  const seen: Headers[] = [];
  const transport = createRouterTransport(
    (router) => {
      router.service(UsageService, {
        listInterceptions: (_request, context) => {
          seen.push(context.requestHeader);
          return create(ListInterceptionsResponseSchema);
        },
      });
    },
    { transport: { interceptors: [channelInterceptor("k1")] } },
  );
  await createClient(UsageService, transport).listInterceptions({});
  expect(seen[0]?.get("authorization")).toBe("Bearer k1");
  expect(seen[0]?.get("x-aibridge-api-version")).toBe("1.0");
});

test.each([
  ["Bearer abc", "abc"],
  ["bearer  abc ", "abc"],
  ["Bearer", undefined],
  ["Bearer a b", undefined],
  ["Basic abc", undefined],
  [null, undefined],
])("%j holds the secret %j", (header, secret) => {
  expect(readBearer(header)).toBe(secret);
});

test("keys go unencrypted to this machine only", () => {
  expect(plaintextProblem("http://127.0.0.1:9090")).toBeUndefined();
  expect(plaintextProblem("http://[::1]:9090")).toBeUndefined();
  expect(plaintextProblem("https://control.example.com")).toBeUndefined();
  expect(plaintextProblem("http://control.example.com:9090")).toContain("http://control.example.com:9090");
});
