import fc from "fast-check";
import { expect, test } from "vitest";
import { appendElements, prependElements, removeMember, setMember } from "./edit-member.ts";
import { JsonObject } from "./json-object.ts";

const read = (text: string) => JsonObject.parse(Buffer.from(text));

test.each([
  ['{"a":[1.0, 2]}', '{"a":[0,1.0, 2]}', '{"a":[1.0, 2,0]}'],
  ['{ "a" : [ ] , "b":1e3}', '{ "a" : [0 ] , "b":1e3}', '{ "a" : [0 ] , "b":1e3}'],
  ['{"b":1}', '{"b":1,"a":[0]}', '{"b":1,"a":[0]}'],
  ["{}", '{"a":[0]}', '{"a":[0]}'],
  ['{"a":null}', '{"a":[0]}', '{"a":[0]}'],
])("elements are put into %s and nothing else changes", (text, prepended, appended) => {
  expect(prependElements(read(text), "a", "0").toString()).toBe(prepended);
  expect(appendElements(read(text), "a", "0").toString()).toBe(appended);
});

test.each([
  ['{"a":1}', "{}"],
  ['{"a":1, "b":2}', '{"b":2}'],
  ['{"b":2 , "a":1 }', '{"b":2 }'],
  ['{"b":2,"a":1,"c":3}', '{"b":2,"c":3}'],
  ['{"b":2}', '{"b":2}'],
])("a member is taken out of %s", (text, rest) => {
  expect(removeMember(read(text), "a").toString()).toBe(rest);
});

test("whatever the object, an edit changes the value that it is for and leaves the others", () => {
  const name = fc.constantFrom("a", "b", "c", "tools", "x y");
  fc.assert(
    fc.property(fc.dictionary(name, fc.jsonValue()), name, fc.jsonValue(), (object, member, value) => {
      const view = read(JSON.stringify(object, null, 1));
      expect(parsed(setMember(view, member, JSON.stringify(value)))).toEqual(
        JSON.parse(JSON.stringify({ ...object, [member]: value })),
      );
      const { [member]: _removed, ...rest } = object;
      expect(parsed(removeMember(view, member))).toEqual(JSON.parse(JSON.stringify(rest)));
    }),
  );
});

function parsed(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString());
}
