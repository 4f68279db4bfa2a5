import { readCommandLine } from "@aibridge/proto/settings";
import { expect, test } from "vitest";
import { dataplaneCommand } from "./flags.ts";
import { traceSettings } from "./trace-settings.ts";

type Variables = Readonly<Record<string, string>>;

function settings(env: Variables, argv: readonly string[] = []) {
  const line = readCommandLine(dataplaneCommand, argv, env);
  if (line.help) throw new Error("help was asked for");
  return traceSettings(line.values, env, "gw-1");
}

const endpoint = "http://collector:4318/v1/traces";
const on = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint };

test.each<[Variables, readonly string[]]>([
  [{}, []],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, []],
  [{ ...on, OTEL_SDK_DISABLED: "TRUE" }, []],
  [{ ...on, OTEL_TRACES_EXPORTER: "none" }, []],
  [{ OTEL_TRACES_EXPORTER: "none" }, ["--traces-endpoint", endpoint]],
])("%o %o: traces are off", (env, argv) => {
  expect(settings(env, argv)).toBeUndefined();
});

test.each<[Variables, readonly string[], string]>([
  [on, [], endpoint],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" }, [], endpoint],
  [{ ...on, OTEL_EXPORTER_OTLP_ENDPOINT: "http://other" }, [], endpoint],
  [{ AIBRIDGE_TRACES_ENDPOINT: endpoint }, [], endpoint],
  [{ ...on }, ["--traces-endpoint", "https://flag/x"], "https://flag/x"],
  [{ OTEL_TRACES_EXPORTER: "otlp" }, [], "http://localhost:4318/v1/traces"],
])("%o %o: spans go to %s", (env, argv, url) => {
  expect(settings(env, argv)?.url).toBe(url);
});

test("--help names the flag and the variable that stands for it", () => {
  const line = readCommandLine(dataplaneCommand, ["--help"], {});
  const text = line.help ? line.text : "";
  expect(text).toContain("--traces-endpoint URL");
  expect(text).toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
});

test("defaults are OpenTelemetry's, but for the time of a batch", () => {
  expect(settings(on)).toEqual({
    url: endpoint,
    headers: {},
    gzip: false,
    timeoutMs: 5_000,
    ca: undefined,
    cert: undefined,
    key: undefined,
    sampling: { parentBased: true, ratio: 1 },
    resource: { "service.name": "aibridge-dataplane", "service.instance.id": "gw-1" },
    maxQueued: 2_048,
    maxBatch: 512,
    delayMs: 5_000,
  });
});

test("what is set for traces goes before what is set for all signals", () => {
  const env = {
    ...on,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://collector/v1/traces",
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=general, x-team = a%2Cb",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-tenant=traces",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2000",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
  };
  expect(settings(env)).toMatchObject({
    headers: { "x-tenant": "traces", "x-team": "a,b" },
    timeoutMs: 2_000,
    gzip: true,
  });
});

test("the resource is named by its variables", () => {
  const attributes = "service.name=lost,service.instance.id=i,team=a%20b";
  const env = { ...on, OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: "mine" };
  expect(settings(env)?.resource).toEqual({
    "service.name": "mine",
    "service.instance.id": "i",
    team: "a b",
  });
});

test.each([
  ["always_on", undefined, { parentBased: false, ratio: 1 }],
  ["always_off", undefined, { parentBased: false, ratio: 0 }],
  ["traceidratio", "0.25", { parentBased: false, ratio: 0.25 }],
  ["parentbased_traceidratio", "0.25", { parentBased: true, ratio: 0.25 }],
  ["parentbased_traceidratio", undefined, { parentBased: true, ratio: 1 }],
  ["parentbased_always_off", undefined, { parentBased: true, ratio: 0 }],
])("sampler %s %s", (name, argument, sampling) => {
  const env = { ...on, OTEL_TRACES_SAMPLER: name, ...(argument && { OTEL_TRACES_SAMPLER_ARG: argument }) };
  expect(settings(env)?.sampling).toEqual(sampling);
});

test("keys do not travel in plaintext unless that is allowed; spans alone may", () => {
  const withKey = { ...on, OTEL_EXPORTER_OTLP_HEADERS: "api-key=secret-key" };
  expect(() => settings(withKey)).toThrow(
    /OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, with OTLP headers: .*unencrypted/,
  );
  expect(settings(withKey, ["--insecure-plaintext"])?.headers).toEqual({ "api-key": "secret-key" });
  expect(
    settings({ ...withKey, ...on, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318" }),
  ).toBeDefined();
});

test.each([
  ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4317"],
  ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:secret-key@collector"],
  ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://:secret-key@collector"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "secret-key"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a=%zz-secret-key"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "api-key=%0Asecret-key"],
  ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api key=secret-key"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "soon"],
  ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"],
  ["OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"],
  ["OTEL_TRACES_EXPORTER", "zipkin"],
  ["OTEL_TRACES_SAMPLER", "sometimes"],
  ["OTEL_TRACES_SAMPLER_ARG", "2"],
  ["OTEL_BSP_MAX_QUEUE_SIZE", "0"],
])("%s=%s is refused by name, without what may be secret", (name, value) => {
  const read = () => settings({ ...on, [name]: value });
  expect(read).toThrow(name);
  expect(read).not.toThrow("secret-key");
});
