import { expect, test } from "vitest";
import { readConfigFile } from "./read-config-file.ts";
import { readConfigObject } from "./read-config-object.ts";

test("an object says the same as a file with the same content", () => {
  const object = {
    providers: [{ name: "one", type: "openai", base_url: "http://127.0.0.1:9/v1", keys: ["secret"] }],
    limits: { body_bytes: "1MiB" },
    recording: { content: { prompts: false } },
  };
  expect(readConfigObject(object, "config")).toEqual(
    readConfigFile(JSON.stringify(object), { file: "aibridge.yaml", env: {} }),
  );
});

test("members that are undefined mean the same as absent ones", () => {
  const object = { providers: [], limits: undefined, on_client_disconnect: undefined };
  expect(readConfigObject(object, "config")).toEqual(readConfigObject({}, "config"));
});

test("texts are taken as they are", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: nothing is to be replaced here
  const key = "${HOME}";
  const object = { providers: [{ name: "one", type: "openai", keys: [key] }] };
  expect(readConfigObject(object, "config").config.providers[0]?.keys).toEqual([key]);
});

test("everything that is wrong is told by its key, without secrets", () => {
  const wrong = {
    providers: [{ name: "One", type: "opnai", keys: [{ secret: "hidden" }] }],
    limit: {},
  };
  expect(() => readConfigObject(wrong as never, "config")).toThrow(
    expect.objectContaining({
      message: [
        'config: providers[0].name: expected lower-case letters, digits and single hyphens, such as anthropic-eu, found "One"',
        'config: providers[0].type: expected anthropic or openai or openai-compatible or copilot or bedrock (did you mean openai?), found "opnai"',
        "config: providers[0].keys[0]: expected a key that is not empty, found a mapping",
        "config: limit: unknown key; did you mean limits?",
      ].join("\n"),
    }),
  );
});
