import { expect, test } from "vitest";
import { concealed, concealedBytes, secretsOf } from "./conceal.ts";

const secrets = secretsOf([
  ["authorization", "Bearer sk-central-0123"],
  ["x-api-key", "sk-other-4567"],
  ["x-short", "abc"],
]);

test("secrets are found without their schemes, very short ones not at all", () => {
  expect(secrets).toEqual(["sk-central-0123", "sk-other-4567"]);
});

test("a repeated credential is not shown", () => {
  expect(concealed("Incorrect: sk-central-0123, sk-central-0123", secrets)).toBe(
    "Incorrect: [redacted], [redacted]",
  );
  expect(concealedBytes(Buffer.from("no sk-other-4567!"), secrets).toString()).toBe("no *************!");
});

test("bytes without a secret are the same buffer", () => {
  const bytes = Buffer.from("nothing here");
  expect(concealedBytes(bytes, secrets)).toBe(bytes);
});
