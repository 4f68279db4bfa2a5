import fc from "fast-check";
import { expect, test } from "vitest";
import { EchoCutter } from "./echo-cutter.ts";

const tool = (name: string) => `{"type":"function","name":"${name}","parameters":{"type":"object"}}`;
const central = `[${tool("bmcp_a")},${tool("bmcp_b")}`;
const own = tool("own");

function cut(text: string, lengths: readonly number[] = [], spelled = central): string {
  const cutter = new EchoCutter(Buffer.from(spelled));
  const bytes = Buffer.from(text);
  const kept: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    kept.push(cutter.push(bytes.subarray(at, at + length)));
    at += length;
  }
  kept.push(cutter.push(bytes.subarray(Math.min(at, bytes.length))), cutter.finish());
  return Buffer.concat(kept).toString();
}

test.each([
  [`${central}]`, "[]"],
  [`${central},${own}]`, `[${own}]`],
  [`${central}\n ]`, "[]"],
  [`${central} ,\n ${own}]`, `[\n ${own}]`],
  [`${central}]${central},${own}]`, `[][${own}]`],
  [`[[${central}]`, "[[[]"],
])("%s becomes %s", (text, left) => {
  expect(cut(text)).toBe(left);
});

test.each([
  ["another tool first", `[${own},${central.slice(1)}]`],
  ["one of the tools alone", `[${tool("bmcp_a")}]`],
  ["other order", `[${tool("bmcp_b")},${tool("bmcp_a")}]`],
  ["other spacing", `${central.replace(":{", ": {")}]`],
  ["a further member", `${central.slice(0, -1)},"strict":true}]`],
  ["an escaped name", `${central.replace("bmcp_b", "bmc\\u0070_b")}]`],
  ["no list", `${central}}`],
  ["no end", central],
  ["no end, and space", `${central}  `],
  ["endless space", `${central}${" ".repeat(2000)}]`],
  ["a text", JSON.stringify(`${central}]`)],
  ["nothing", ""],
])("what is not the list as it was spelled passes: %s", (_, text) => {
  expect(cut(text)).toBe(text);
});

test("a spelling shorter than what is sought at once is found", () => {
  expect(cut("a[1,2]b", [], "[1")).toBe("a[2]b");
});

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(central, `${central},`, `${central}]`, `${central} `, own) },
  fc.nat(central.length).map((length) => central.slice(0, length)),
  fc.constantFrom("[", "]", ",", " ", '{"tools":', "[{", "é", "data: {}\n\n"),
);

test("wherever the bytes are cut, the same is left", () => {
  const cuts = fc.array(fc.nat(90), { maxLength: 60 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), cuts, (pieces, lengths) => {
      const text = pieces.join("");
      expect(cut(text, lengths)).toBe(cut(text));
    }),
    { seed: 5, numRuns: 500 },
  );
});

test("only what may be the beginning of the tools is held back", () => {
  const cutter = new EchoCutter(Buffer.from(central));
  const push = (text: string) => cutter.push(Buffer.from(text)).toString();
  expect(push("a[")).toBe("a");
  expect(push("b")).toBe("[b");
  expect(push(central)).toBe("");
  expect(push(" ")).toBe("");
  expect(push("]c")).toBe("[]c");
});

test("what is left is what a search for the list leaves", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      const lists = text.split(central);
      const expected = lists.reduce((left, behind) => {
        const [space = "", next] = /^ *([,\]]?)/.exec(behind) ?? [];
        if (!next) return left + central + behind;
        return `${left}[${behind.slice(next === "," ? space.length : space.length - 1)}`;
      });
      expect(cut(text)).toBe(expected);
    }),
    { seed: 5, numRuns: 500 },
  );
});
