import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { setMember } from "./edit-member.ts";
import { findMember, findValue } from "./find-member.ts";
import { JsonObject } from "./json-object.ts";
import { JsonSyntaxError } from "./json-syntax-error.ts";
import { maxDepth } from "./skip.ts";

const parse = (text: string) => JsonObject.parse(Buffer.from(text));

function offsetOf(text: string | Buffer): number {
  try {
    JsonObject.parse(Buffer.from(text));
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.offset;
    throw error;
  }
  return -1;
}

/** Objects with everything JSON has, written with spaces as the text asks for. */
const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 8 });
const spacings = fc.constantFrom(undefined, 1, "\t", "\r\n ");

describe("structure", () => {
  test.each([
    ["", 0],
    ["[]", 0],
    ["null", 0],
    ["\uFEFF{}", 0],
    ["{", 1],
    ['{"a"', 4],
    ['{"a":', 5],
    ['{"a":1', 6],
    ['{"a":1,}', 7],
    ['{"a":1}x', 7],
    ['{"a":1}{}', 7],
    ['{"a" 1}', 5],
    ["{a:1}", 1],
    ['{"a":[1,]}', 8],
    ['{"a":[1 2]}', 8],
    ['{"a":[1}', 7],
    ['{"a":{]}', 6],
    ['{"a":01}', 6],
    ['{"a":1.}', 7],
    ['{"a":1e}', 7],
    ['{"a":-}', 6],
    ['{"a":.5}', 5],
    ['{"a":+1}', 5],
    ['{"a":tru}', 5],
    ['{"a":nul', 5],
    ['{"a":NaN}', 5],
    ['{"a":"x}', 5],
    ['{"a":"x\\"}', 5],
    ["{'a':1}", 1],
    ['{"a":1,"a"}', 10],
  ])("%j is refused at byte %i", (text, offset) => {
    expect(offsetOf(text)).toBe(offset);
  });

  test("invalid UTF-8 is refused", () => {
    expect(offsetOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe(0);
  });

  test("the message holds nothing of the text", () => {
    expect(() => parse('{"secret":hidden}')).toThrow(/^expected a value at byte 10$/);
  });

  test("nesting is bounded and needs no stack", () => {
    const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(offsetOf(nested(maxDepth))).toBe(-1);
    expect(offsetOf(nested(1_000_000))).toBeGreaterThan(maxDepth);
    expect(offsetOf(`{"a":${'{"a":'.repeat(1_000_000)}`)).toBeGreaterThan(maxDepth);
  });

  test("what JSON.stringify writes is accepted", () => {
    fc.assert(
      fc.property(objects, spacings, (value, space) => {
        expect(offsetOf(` ${JSON.stringify(value, null, space)}\n`)).toBe(-1);
      }),
    );
  });

  test("a text without the strings' insides is judged like JSON.parse judges it", () => {
    const token = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"\\\\\\""',
      "1",
      "-0.5e+3",
      "true",
      "null",
      " ",
      "-",
      "e",
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 9 }), (tokens) => {
        const text = `{"k":${tokens.join("")}}`;
        expect(offsetOf(text) === -1).toBe(isJson(text));
      }),
      { numRuns: 3000 },
    );
  });

  test("a valid text with one byte changed is judged like JSON.parse judges it", () => {
    const bytes = fc.constantFrom(...'{}[],:"0123456789.eE+-tfn \n');
    fc.assert(
      fc.property(objects, fc.nat(), bytes, (value, at, byte) => {
        const text = JSON.stringify(value).replace(/[^ -~]/g, "x");
        const index = at % text.length;
        const changed = text.slice(0, index) + byte + text.slice(index + 1);
        // A string whose inside became illegal is noticed when it is read, not before.
        fc.pre(isJson(changed) || !isJson(changed.replace(/"(?:[^"\\]|\\.)*"/gs, '""')));
        fc.pre(changed.trim().startsWith("{"));
        expect(offsetOf(changed) === -1).toBe(isJson(changed));
      }),
      { numRuns: 1000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("members", () => {
  test("every member reads as JSON.parse reads it", () => {
    fc.assert(
      fc.property(objects, spacings, (value, space) => {
        const text = JSON.stringify(value, null, space);
        const object = parse(text);
        const parsed = JSON.parse(text) as Record<string, unknown>;
        for (const name of Object.keys(parsed)) {
          if (!/^[ -~]+$/.test(name)) continue;
          expect(object.get(name)).toEqual(parsed[name]);
          const list = parsed[name];
          if (!Array.isArray(list)) continue;
          const elements = object.array(name);
          const read = Array.from({ length: elements.length }, (_, index) =>
            object.value(elements.span(index)),
          );
          expect(read).toEqual(list);
        }
      }),
    );
  });

  test("the last of several members counts, escapes in names are decoded", () => {
    const object = parse('{"a":1,"b":2,"\\u0061":3,"__proto__":4}');
    expect(object.get("a")).toBe(3);
    expect(object.get("__proto__")).toBe(4);
    expect(object.get("constructor")).toBeUndefined();
    expect(object.member("ab")).toBeUndefined();
  });

  test("kinds are told apart", () => {
    const object = parse('{"s":"x","n":1.0,"o":{"in":[1]},"l":[{"a":1},2],"e":[]}');
    expect(object.string("s")).toBe("x");
    expect(object.string("n")).toBeUndefined();
    expect(object.raw("n")).toBe("1.0");
    expect(object.raw("missing")).toBe("");
    expect(object.object("o")?.array("in").length).toBe(1);
    expect(object.object("l")).toBeUndefined();
    expect(object.array("o").length).toBe(0);
    expect(object.array("e").length).toBe(0);
    expect(object.array("l").length).toBe(2);
  });

  test("an illegal text inside a string is an error of that value alone", () => {
    const object = parse('{"good":1,"bad":"\\x"}');
    expect(object.get("good")).toBe(1);
    expect(object.get("bad")).toBeUndefined();
    const span = object.member("bad");
    expect(() => span && object.value(span)).toThrow(JsonSyntaxError);
  });

  test("the element at an offset is found", () => {
    const text = '{"l":[10, {"a":2} ,30]}';
    const list = parse(text).array("l");
    const indexes = Array.from(text, (_, offset) => list.indexOf(offset));
    expect(indexes.map((index) => (index === -1 ? "." : index)).join("")).toBe("......00..1111111..22..");
  });

  test("long strings with escapes are stepped over", () => {
    for (let length = 0; length < 200; length += 7) {
      for (const tail of ["", "\\", '"', '\\"', "\\\\", '"\\']) {
        const value = { a: "x".repeat(length) + tail, b: "y".repeat(120) + tail + "z".repeat(length), c: 1 };
        expect(parse(JSON.stringify(value)).get("c")).toBe(1);
      }
    }
  });
});

describe("finding one member", () => {
  const bytes = Buffer.from('x{"type":"t","o":{"id":"1"},"broken":tru}');

  test("looks no further than it", () => {
    const o = findMember(bytes, 1, bytes.length, "o");
    expect(findValue(bytes, 1, bytes.length, "type")).toBe("t");
    expect(findValue(bytes, o, bytes.length, "id")).toBe("1");
  });

  test("is -1 where there is none or the object breaks off", () => {
    expect(findMember(bytes, 1, bytes.length, "later")).toBe(-1);
    expect(findMember(bytes, 0, bytes.length, "type")).toBe(-1);
    expect(findMember(bytes, 1, 6, "type")).toBe(-1);
    expect(findValue(bytes, 1, bytes.length, "broken")).toBeUndefined();
  });
});

describe("editing", () => {
  test("leaves every other byte as it was", () => {
    const text = '{ "n": 1.0,\n\t"a" : [1 , 2], "big":12345678901234567890 }';
    expect(setMember(parse(text), "a", "true").toString()).toBe(text.replace("[1 , 2]", "true"));
    expect(setMember(parse(text), "z", "{}").toString()).toBe(text.replace("7890 }", '7890,"z":{} }'));
    expect(setMember(parse("{ }"), "z", "1").toString()).toBe('{"z":1 }');
    expect(setMember(parse('{"a":1,"a":2}'), "a", "3").toString()).toBe('{"a":1,"a":3}');
  });

  test("reaches into an object inside", () => {
    const object = parse('{"o":{"a":1},"b":2}');
    const inner = object.object("o");
    expect(inner && setMember(inner, "x", "9").toString()).toBe('{"o":{"a":1,"x":9},"b":2}');
  });

  test("the edited text parses to the edited object", () => {
    const names = fc.stringMatching(/^[a-z_]{1,8}$/);
    fc.assert(
      fc.property(objects, names, fc.jsonValue(), spacings, (value, name, given, space) => {
        const text = JSON.stringify(value, null, space);
        const edited = setMember(parse(text), name, JSON.stringify(given)).toString();
        expect(JSON.parse(edited)).toEqual({
          ...JSON.parse(text),
          [name]: JSON.parse(JSON.stringify(given)),
        });
      }),
    );
  });
});
