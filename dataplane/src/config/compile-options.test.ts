import { ConfigSchema } from "@aibridge/proto";
import { readConfigObject } from "@aibridge/proto/config-file";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { compileConfig, compileOptions } from "./compile-options.ts";
import { OptionError } from "./option-error.ts";
import type { GatewayOptions } from "./options.ts";

const key = "a-gateway-key-of-32-characters-or-more";
const url = "http://127.0.0.1:9090";
const nothing = () => undefined;
const recorder = {
  recordInterception: nothing,
  recordInterceptionEnded: nothing,
  recordTokenUsage: nothing,
  recordPromptUsage: nothing,
  recordToolUsage: nothing,
  recordModelThought: nothing,
};
const inProcess: GatewayOptions = { recorder, actors: { resolveActor: nothing }, config: {} };

test("everything in process needs nothing else, and every default is filled in", () => {
  expect(compileOptions(inProcess)).toMatchObject({
    recorder,
    configService: undefined,
    gatewayKey: "",
    gatewayId: expect.stringMatching(/^gw-[0-9a-f-]{36}$/),
    rpcProtocol: "grpc",
    basePath: "",
    metrics: { prefix: "aibridge_", initiator: false, process: false },
  });
});

test("a control plane serves what is not given otherwise", () => {
  const options = compileOptions({ controlPlane: `${url}/`, actors: "http://[::1]:1", gatewayKey: key });
  expect(options).toMatchObject({ recorder: url, actors: "http://[::1]:1", configService: url });
  const fixed = compileOptions({ controlPlane: url, config: {}, gatewayKey: key });
  expect(fixed).toMatchObject({ recorder: url, actors: url, configService: undefined });
});

test.each<[string, GatewayOptions, string]>([
  ["no recorder", { ...inProcess, recorder: undefined }, "recorder: needed"],
  ["no actors", { ...inProcess, actors: undefined }, "actors: needed"],
  ["no configuration", { ...inProcess, config: undefined }, "config: needed"],
  [
    "a recorder without all its functions",
    { ...inProcess, recorder: { ...recorder, recordToolUsage: undefined } as never },
    "recorder: needs the functions recordToolUsage",
  ],
  [
    "actors without resolveActor",
    { ...inProcess, actors: {} as never },
    "actors: needs the functions resolveActor",
  ],
  ["two configurations", { ...inProcess, configService: url }, "configService: not together with config"],
  [
    "a URL without key",
    { ...inProcess, actors: url },
    "gatewayKey: services with a URL need the gateway key",
  ],
  ["a short key", { ...inProcess, actors: url, gatewayKey: "short" }, "at least 32 characters"],
  [
    "no URL",
    { ...inProcess, actors: "localhost" },
    'actors: expected a URL such as http://127.0.0.1:9090, found "localhost"',
  ],
  [
    "plaintext off this machine",
    { ...inProcess, recorder: "http://10.0.0.1:1", gatewayKey: key },
    "recorder: http://10.0.0.1:1 would send keys unencrypted",
  ],
  [
    "a base path without slash",
    { ...inProcess, basePath: "ai" },
    'basePath: expected a plain path such as /ai, found "ai"',
  ],
])("%s is refused by the option's name", (_, options, message) => {
  expect(() => compileOptions(options)).toThrow(OptionError);
  expect(() => compileOptions(options)).toThrow(message);
});

test("plaintext can be allowed", () => {
  const options = { ...inProcess, recorder: "http://10.0.0.1:1", gatewayKey: key, insecurePlaintext: true };
  expect(compileOptions(options).recorder).toBe("http://10.0.0.1:1");
});

test("a configuration is an object or a message; either gets the hash of its content as version", () => {
  const fromObject = compileConfig({ providers: [] });
  expect(fromObject).toEqual(readConfigObject({}, "config").config);
  const message = create(ConfigSchema, { ...fromObject, version: "" });
  expect(compileConfig(message)).toEqual(fromObject);
  expect(message.version).toBe("");
  const versioned = create(ConfigSchema, { version: "7" });
  expect(compileConfig(versioned)).toBe(versioned);
});
