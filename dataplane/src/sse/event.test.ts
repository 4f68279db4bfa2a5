import { expect, test } from "vitest";
import { encodeEvent } from "./encode.ts";
import { SseEventReader } from "./event.ts";

function read(text: string): { name: string; data: string } | undefined {
  const reader = new SseEventReader();
  const bytes = Buffer.from(text);
  if (!reader.read(bytes, 0, bytes.length)) return undefined;
  return { name: reader.name(), data: reader.data.toString("utf8", reader.dataStart, reader.dataEnd) };
}

test.each([
  ["event: a\ndata: {}\n", "a", "{}"],
  ["event:a\r\ndata:{}\r\n", "a", "{}"],
  ["event: a\rdata: {}", "a", "{}"],
  ["data: {}\nevent: a", "a", "{}"],
  ["data:  two spaces", "", " two spaces"],
  ["data: 1\ndata: 2\n: comment\ndata\ndata: é", "", "1\n2\n\né"],
  ["\uFEFFdata: x", "", "x"],
  ["id: 7\nretry: 10\ndatabase: no\neventual: no\ndata: x", "", "x"],
  ["event: a\nevent: b\ndata: x", "b", "x"],
])("reads %j", (text, name, data) => {
  expect(read(text)).toEqual({ name, data });
});

test.each([": ping", "event: a", "", "dat: x"])("%j has no data", (text) => {
  expect(read(text)).toBeUndefined();
});

test("reads no further than the end of the event", () => {
  const reader = new SseEventReader();
  const bytes = Buffer.from("data: 1\n\nevent: later\ndata: 2\n\n");
  reader.read(bytes, 0, 8);
  expect(reader.isNamed).toBe(false);
  expect(reader.data.toString("utf8", reader.dataStart, reader.dataEnd)).toBe("1");
});

test("compares names as bytes", () => {
  const reader = new SseEventReader();
  const bytes = Buffer.from("event: ping\ndata: {}\n");
  reader.read(bytes, 0, bytes.length);
  expect(reader.isName(Buffer.from("ping"))).toBe(true);
  expect(reader.isName(Buffer.from("pin"))).toBe(false);
  expect(reader.isName(Buffer.from("pingo"))).toBe(false);
});

test("encodes with and without a name", () => {
  expect(encodeEvent("{}", "ping").toString()).toBe("event: ping\ndata: {}\n\n");
  expect(encodeEvent("[DONE]").toString()).toBe("data: [DONE]\n\n");
});
