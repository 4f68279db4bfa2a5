import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonObject } from "./json-object.ts";
import { type MemberEdit, rewriteMembers } from "./rewrite-members.ts";

const read = (text: string) => JsonObject.parse(Buffer.from(text));

test.each<[string, MemberEdit, string | undefined]>([
  ['{"a": 1.0, "b" : 1e3}', undefined, undefined],
  ['{"a": 1.0, "b" : 1e3}', "[]", '{"a": [],"b" : 1e3}'],
  ['{"a": 1.0, "b" : 1e3}', null, '{"b" : 1e3}'],
  ['{"b":2, "\\u0061":1}', null, '{"b":2}'],
  ['{"a":1}', null, "{}"],
  ["{}", null, undefined],
])("in %s the member a becomes %j", (text, edit, expected) => {
  expect(rewriteMembers(read(text), (name) => (name === "a" ? edit : undefined))).toBe(expected);
});

test("whatever the object, members that are kept keep their values and their order", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(4), (object, left) => {
      const entries = Object.entries(JSON.parse(JSON.stringify(object)) as Record<string, unknown>);
      const gone = entries[left]?.[0];
      const text = rewriteMembers(read(JSON.stringify(object, null, 1)), (name) =>
        name === gone ? null : undefined,
      );
      if (gone === undefined) expect(text).toBeUndefined();
      else
        expect(Object.entries(JSON.parse(text ?? ""))).toEqual(entries.filter((_, index) => index !== left));
    }),
  );
});

test("members are found with their decoded names and where they stand", () => {
  const text = '{"a": 1, "\\u00fc" :[2],"\\x":3}';
  expect(
    [...read(text).members()].map(({ name, start, value }) => [
      name,
      text[start],
      text.slice(value.start, value.end),
    ]),
  ).toEqual([
    ["a", '"', "1"],
    ["ü", '"', "[2]"],
    ["\\x", '"', "3"],
  ]);
});
