import { isUuid, uuidv7 } from "@aibridge/proto/channel";
import { expect, test } from "vitest";
import { derivedId, firstIdAt } from "./id-time.ts";

test("ids made before a time are smaller than its first id, ids made then are not", () => {
  const now = Date.UTC(2040, 0, 1);
  const [before, then] = [uuidv7(now - 1), uuidv7(now)];
  expect(before < firstIdAt(now)).toBe(true);
  expect(then > firstIdAt(now)).toBe(true);
  expect(firstIdAt(-5)).toBe("00000000-0000-7000-8000-000000000000");
  expect(isUuid(firstIdAt(Number.MAX_SAFE_INTEGER))).toBe(true);
});

test("a derived id is always the same, of the same time, and another one for another purpose or id", () => {
  const id = "019ab3f0-1234-7abc-8def-000000000001";
  const derived = derivedId(id, "orphaned");
  expect(derived).toMatch(/^019ab3f0-1234-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(derivedId(id, "orphaned")).toBe(derived);
  expect(derivedId(id, "other")).not.toBe(derived);
  expect(derivedId("019ab3f0-1234-7abc-8def-000000000002", "orphaned")).not.toBe(derived);
});
