import fc from "fast-check";
import { expect, test } from "vitest";
import { MessageReader } from "./message-reader.ts";

interface Message {
  startLine: string;
  body: string;
}

function read(chunks: Iterable<Buffer>): Message[] {
  const messages: Message[] = [];
  let current: Message = { startLine: "", body: "" };
  const reader = new MessageReader({
    head: (startLine) => {
      current = { startLine, body: "" };
    },
    body: (bytes) => {
      current.body += bytes.toString("latin1");
    },
    end: () => messages.push(current),
  });
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

const connection = Buffer.from(
  "POST /v1/messages HTTP/1.1\r\nhost: a\r\nContent-Length: 5\r\n\r\nhello" +
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n" +
    "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n" +
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\nx-checksum: 1\r\n\r\n",
);
const messages: Message[] = [
  { startLine: "POST /v1/messages HTTP/1.1", body: "hello" },
  { startLine: "HTTP/1.1 200 OK", body: "abcabcdefghijklmnopqrstuvwxyz" },
  { startLine: "HTTP/1.1 204 No Content", body: "" },
  { startLine: "HTTP/1.1 200 OK", body: "\r\n" },
];

test("messages of one connection are told apart", () => {
  expect(read([connection])).toEqual(messages);
});

test("any cutting of the bytes gives the same messages", () => {
  const cuts = fc.array(fc.nat(connection.length), { maxLength: 30 });
  fc.assert(
    fc.property(cuts, (offsets) => {
      const bounds = [0, ...offsets.toSorted((a, b) => a - b), connection.length];
      const chunks = bounds.slice(1).map((end, index) => connection.subarray(bounds[index], end));
      expect(read(chunks)).toEqual(messages);
    }),
  );
  expect(read(Array.from(connection, (byte) => Buffer.of(byte)))).toEqual(messages);
});

test("a chunk size that is none is refused", () => {
  const answer = Buffer.from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
  expect(() => read([answer])).toThrow('not a chunk size: "zz"');
});
