import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonEdits } from "./json-edits.ts";
import { JsonObject } from "./json-object.ts";

const read = (text: string) => JsonObject.parse(Buffer.from(text));

test("edits at several depths are made at once, and every other byte stays", () => {
  const object = read('{ "a":1.0, "inner": {"b" : [1, 2,3] , "c":null}, "d":"x" }');
  const inner = object.object("inner") as JsonObject;
  const edits = new JsonEdits();
  edits.set(object, "d", '"y"');
  edits.set(inner, "c", "[]");
  edits.removeElements(inner.array("b"), (index) => index === 1);
  edits.remove(object, "a");
  expect(edits.apply(object.bytes, object).toString()).toBe('{ "inner": {"b" : [1, 3] , "c":[]}, "d":"y" }');
});

test.each([
  ["{}", '{"x":1,"y":2}'],
  ['{"a":1}', '{"a":1,"x":1,"y":2}'],
])("members are added to %s", (text, expected) => {
  const object = read(text);
  const edits = new JsonEdits();
  expect(edits.isEmpty).toBe(true);
  edits.set(object, "x", "1");
  edits.set(object, "y", "2");
  edits.remove(object, "not there");
  expect(edits.isEmpty).toBe(false);
  expect(edits.apply(object.bytes, object).toString()).toBe(expected);
});

test("a view on an object inside of other bytes is edited alone", () => {
  const bytes = Buffer.from('data: {"a":1}\n');
  const object = JsonObject.at(bytes, 6, 13);
  const edits = new JsonEdits();
  edits.set(object, "a", "2");
  expect(edits.apply(bytes, object).toString()).toBe('{"a":2}');
});

test.each([
  ['{"a":[1.0, 2]}', '{"a":[0,1.0, 2]}', '{"a":[1.0, 2,0]}'],
  ['{ "a" : [ ] }', '{ "a" : [0 ] }', '{ "a" : [0 ] }'],
  ['{"b":1}', '{"b":1,"a":[0]}', '{"b":1,"a":[0]}'],
  ['{"a":null}', '{"a":[0]}', '{"a":[0]}'],
])("elements are put into %s", (text, prepended, appended) => {
  const object = read(text);
  const before = new JsonEdits();
  before.prepend(object, "a", "0");
  expect(before.apply(object.bytes, object).toString()).toBe(prepended);
  const behind = new JsonEdits();
  behind.append(object, "a", "0");
  expect(behind.apply(object.bytes, object).toString()).toBe(appended);
});

test("elements can take the place of others", () => {
  const object = read('{"a":[1,2]}');
  const edits = new JsonEdits();
  edits.removeElements(object.array("a"), () => true);
  edits.prepend(object, "a", "0", 0);
  expect(edits.apply(object.bytes, object).toString()).toBe('{"a":[0]}');
});

test("whatever elements are taken out of an array, the others stay", () => {
  const spacing = fc.constantFrom("", " ", "\n  ");
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.jsonValue(), fc.boolean())), spacing, (elements, space) => {
      const list = elements.map(([value]) => space + JSON.stringify(value) + space).join(",");
      const object = read(`{"list":[${list}]}`);
      const edits = new JsonEdits();
      edits.removeElements(object.array("list"), (index) => elements[index]?.[1] === true);
      const left = elements
        .filter(([, removed]) => !removed)
        .map(([value]) => JSON.parse(JSON.stringify(value)));
      expect(JSON.parse(edits.apply(object.bytes, object).toString())).toEqual({ list: left });
    }),
  );
});
