import fc from "fast-check";
import { expect, test } from "vitest";
import { SseScanner } from "./scan.ts";

interface Found {
  readonly text: string;
  /** Place in the whole stream. */
  readonly from: number;
  readonly to: number;
}

function scan(chunks: readonly Buffer[], scanner = new SseScanner()): Found[] {
  const found: Found[] = [];
  let offset = 0;
  const onEvent = (bytes: Buffer, start: number, end: number, from: number, to: number) => {
    found.push({ text: bytes.toString("latin1", start, end), from: offset + from, to: offset + to });
  };
  for (const chunk of chunks) {
    scanner.push(chunk, onEvent);
    offset += chunk.length;
  }
  scanner.finish(onEvent);
  return found;
}

const texts = (stream: string) => scan([Buffer.from(stream, "latin1")]).map(({ text }) => text);

test.each([
  ["LF", "event: a\ndata: 1\n\ndata: 2\n\n", ["event: a\ndata: 1\n", "data: 2\n"]],
  ["CR LF", "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", ["event: a\r\ndata: 1\r\n", "data: 2\r\n"]],
  ["CR", "event: a\rdata: 1\r\rdata: 2\r\r", ["event: a\rdata: 1\r", "data: 2\r"]],
  ["LF then CR LF", "data: 1\n\r\ndata: 2\r\n\n", ["data: 1\n", "data: 2\r\n"]],
  ["LF then CR", "data: 1\n\rdata: 2\n\n", ["data: 1\n", "data: 2\n"]],
  ["superfluous blank lines", "\n\ndata: 1\n\n\n\r\n\rdata: 2\n\n", ["data: 1\n", "data: 2\n"]],
  ["a comment alone", ": ping\n\n", [": ping\n"]],
  ["an unfinished last event", "data: 1\n\ndata: 2\n", ["data: 1\n", "data: 2\n"]],
  ["nothing", "", []],
])("finds the events of a stream with %s", (_, stream, expected) => {
  expect(texts(stream)).toEqual(expected);
});

test("an event within one chunk is not copied", () => {
  const chunk = Buffer.from("data: 1\n\ndata: 2\n\n");
  const seen: Buffer[] = [];
  new SseScanner().push(chunk, (bytes) => seen.push(bytes));
  expect(seen).toHaveLength(2);
  expect(seen.every((bytes) => bytes === chunk)).toBe(true);
});

test("an event is reported with the byte that ends it", () => {
  const scanner = new SseScanner();
  const ends: number[] = [];
  const stream = Buffer.from("data: 1\n\ndata: 2\r\n\r\ndata: 3\r\r");
  for (const [index, byte] of stream.entries()) scanner.push(Buffer.of(byte), () => ends.push(index));
  expect(ends).toEqual([8, 19, 28]);
});

test("places are relative to the chunk, before it for what came earlier", () => {
  const scanner = new SseScanner();
  const places: number[][] = [];
  const onEvent = (_bytes: Buffer, _start: number, _end: number, from: number, to: number) =>
    places.push([from, to]);
  scanner.push(Buffer.from("data: 1\n\ndata"), onEvent);
  expect(scanner.pending).toBe(4);
  scanner.push(Buffer.from(": 2\n\n"), onEvent);
  expect(scanner.pending).toBe(0);
  expect(places).toEqual([
    [0, 9],
    [-4, 5],
  ]);
});

test("the chunks given are not kept", () => {
  const first = Buffer.from("data: 1");
  const scanner = new SseScanner();
  scanner.push(first, () => expect.unreachable());
  first.fill("x");
  const found: string[] = [];
  scanner.push(Buffer.from("\n\n"), (bytes, start, end) => found.push(bytes.toString("latin1", start, end)));
  expect(found).toEqual(["data: 1\n"]);
});

test("of an event over the bound the head is reported, and the next event is found", () => {
  const scanner = new SseScanner(10);
  const found = scan(
    ["data: 123", "456789012", "345\n\nda", "ta: 2\n\n"].map((text) => Buffer.from(text)),
    scanner,
  );
  expect(found.map(({ text }) => text)).toEqual(["data: 1234", "data: 2\n"]);
  expect(found.map(({ from, to }) => [from, to])).toEqual([
    [0, 23],
    [23, 32],
  ]);
  expect(scanner.oversized).toBe(1);
});

test("boundaries do not depend on the chunking", () => {
  const piece = fc.constantFrom(
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    "data: x",
    ": c",
    "é",
    "\uFEFF",
    "event: y",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.nat(200), { maxLength: 10 }),
      (pieces, points) => {
        const bytes = Buffer.from(pieces.join(""));
        const edges = [
          0,
          ...points.map((point) => Math.min(point, bytes.length)).sort((a, b) => a - b),
          bytes.length,
        ];
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        expect(scan(chunks)).toEqual(scan([bytes]));
      },
    ),
    { numRuns: 500 },
  );
});
