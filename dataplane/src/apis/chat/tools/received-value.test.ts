import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonObject } from "../../../json/json-object.ts";
import { ReceivedObject } from "./received-value.ts";

function merged(...deltas: string[]): ReceivedObject {
  const object = new ReceivedObject();
  for (const delta of deltas) object.add(JsonObject.parse(Buffer.from(delta)));
  return object;
}

test.each<[string, string[], string]>([
  ["texts grow", ['{"content":"ha"}', '{"content":"ha"}'], '{"content":"haha"}'],
  [
    "spelling stays",
    ['{"content":"\\u00e9","x":1.0}', '{"content":"/\\/"}'],
    '{"content":"\\u00e9/\\/","x":1.0}',
  ],
  [
    "a pair in two halves",
    ['{"content":"\\ud83d"}', '{"content":"\\ude00"}'],
    '{"content":"\\ud83d\\ude00"}',
  ],
  ["null is nothing more", ['{"content":null}', '{"content":"a"}', '{"content":null}'], '{"content":"a"}'],
  ["null alone stays", ['{"refusal":null}', '{"refusal":null}'], '{"refusal":null}'],
  ["a role comes once", ['{"role":"assistant"}', '{"role":"assistant"}'], '{"role":"assistant"}'],
  ["an empty id is none", ['{"id":""}', '{"id":"a"}', '{"id":"a"}'], '{"id":"a"}'],
  [
    "unknown texts grow, unless they are said again",
    ['{"f":"v1"}', '{"f":"v1"}', '{"f":"+"}'],
    '{"f":"v1+"}',
  ],
  ["other values are replaced", ['{"a":1,"b":true}', '{"a":2.50,"b":"x"}'], '{"a":2.50,"b":"x"}'],
  ["objects are gone into", ['{"a":{"text":"x","n":1}}', '{"a":{"text":"y"}}'], '{"a":{"text":"xy","n":1}}'],
  ["no name is special", ['{"constructor":1,"__proto__":{"a":2}}'], '{"constructor":1,"__proto__":{"a":2}}'],
  ["lists are joined", ['{"a":[1,"x"]}', '{"a":[{"b":2}]}'], '{"a":[1,"x",{"b":2}]}'],
  [
    "elements of one index and type are one",
    [
      '{"a":[{"index":0,"type":"t","text":"x"}]}',
      '{"a":[{"index":0,"type":"t","text":"y"},{"index":0,"type":"u","data":"z"},{"index":1,"type":"t","text":"w"}]}',
    ],
    '{"a":[{"index":0,"type":"t","text":"xy"},{"index":0,"type":"u","data":"z"},{"index":1,"type":"t","text":"w"}]}',
  ],
])("%s", (_, deltas, expected) => {
  expect(merged(...deltas).text()).toBe(expected);
});

test("whatever a value is, it comes out as it went in", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const text = JSON.stringify(object);
      expect(JSON.parse(merged(text).text())).toEqual(JSON.parse(text));
    }),
  );
});

test("what is nested deeply is kept in one piece, the last one", () => {
  const nested = (value: string) => `${'{"a":'.repeat(900)}${value}${"}".repeat(900)}`;
  expect(merged(nested("1"), nested("2")).text()).toBe(nested("2"));
});

test("members can be had one by one, and given anew", () => {
  const object = merged('{"a":{"b":1e1},"c":"\\u0041"}');
  expect(object.raw("c")).toBe('"\\u0041"');
  expect(object.raw("d")).toBe("");
  expect(object.object("a")?.raw("b")).toBe("1e1");
  expect(object.object("c")).toBeUndefined();
  expect(object.text({ d: "[]", c: "0" })).toBe('{"a":{"b":1e1},"c":0,"d":[]}');
});
