import { BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "./byte-writer.ts";

const member = fc.oneof(
  fc.record({ kind: fc.constant("varint" as const), value: fc.nat(2 ** 31 - 1) }),
  fc.record({ kind: fc.constant("int32" as const), value: fc.integer() }),
  fc.record({
    kind: fc.constant("int64" as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({ kind: fc.constant("bool" as const), value: fc.boolean() }),
  fc.record({
    kind: fc.constant("string" as const),
    value: fc.string({ unit: "binary", size: "max", maxLength: 400 }),
  }),
  fc.record({ kind: fc.constant("bytes" as const), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant("fork" as const) }),
  fc.record({ kind: fc.constant("join" as const) }),
);

test("whatever is written, the bytes are those of protobuf's own writer, with nothing of the message before", () => {
  const writer = new ByteWriter();
  fc.assert(
    fc.property(fc.array(member, { maxLength: 200 }), (members) => {
      writer.clear();
      expect([...write(writer, members)]).toEqual([...reference(members)]);
    }),
  );
});

test.each([2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN])("%d is no int32", (value) => {
  expect(() => new ByteWriter().int32(value)).toThrow(RangeError);
});

test.each([2n ** 63n, -(2n ** 63n) - 1n])("%d is no int64", (value) => {
  expect(() => new ByteWriter().int64(value)).toThrow(RangeError);
});

test("a message that was not begun cannot be ended", () => {
  expect(() => new ByteWriter().join()).toThrow(TypeError);
});

type Member = typeof member extends fc.Arbitrary<infer Value> ? Value : never;

function write(writer: ByteWriter, members: readonly Member[]): Uint8Array {
  let depth = 0;
  for (const one of members) {
    if (one.kind === "fork") {
      writer.fork();
      depth++;
    } else if (one.kind === "join") {
      if (depth === 0) continue;
      writer.join();
      depth--;
    } else if (one.kind === "varint") writer.varint(one.value);
    else if (one.kind === "int32") writer.int32(one.value);
    else if (one.kind === "int64") writer.int64(one.value);
    else if (one.kind === "bool") writer.bool(one.value);
    else if (one.kind === "string") writer.string(one.value);
    else writer.bytes(one.value);
  }
  for (; depth > 0; depth--) writer.join();
  return writer.copy();
}

function reference(members: readonly Member[]): Uint8Array {
  const writer = new BinaryWriter();
  let depth = 0;
  for (const one of members) {
    if (one.kind === "fork") {
      writer.fork();
      depth++;
    } else if (one.kind === "join") {
      if (depth === 0) continue;
      writer.join();
      depth--;
    } else if (one.kind === "varint") writer.uint32(one.value);
    else if (one.kind === "int32") writer.int32(one.value);
    else if (one.kind === "int64") writer.int64(one.value);
    else if (one.kind === "bool") writer.bool(one.value);
    else if (one.kind === "string") writer.string(one.value.toWellFormed());
    else writer.bytes(one.value);
  }
  for (; depth > 0; depth--) writer.join();
  return writer.finish();
}
