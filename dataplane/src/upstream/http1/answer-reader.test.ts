import { expect, test } from "vitest";
import { AnswerReader } from "./answer-reader.ts";

interface Read {
  readonly status: number | undefined;
  readonly content: string;
  /** After each piece. */
  readonly complete: readonly boolean[];
  readonly surplus: boolean;
}

/** What is read of an answer that comes in these pieces. */
function read(pieces: readonly string[], method = "POST"): Read {
  let status: number | undefined;
  let content = "";
  const reader = new AnswerReader(method, {
    start: (head) => {
      status = head.status;
    },
    data: (bytes) => {
      content += bytes.toString("latin1");
    },
  });
  // One buffer for all, as a socket has it: whoever keeps a piece of it sees it overwritten.
  const shared = Buffer.alloc(64 * 1024);
  const complete = pieces.map((piece) => reader.push(shared.subarray(0, shared.write(piece, "latin1"))));
  return { status, content, complete, surplus: reader.surplus };
}

const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";

test.each([
  ["a known length", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"],
  ["chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"],
  ["interim answers before it", `${interim}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello`],
])("an answer with %s is the same at every cut", (_what, text) => {
  for (let cut = 1; cut < text.length; cut++)
    expect(read([text.slice(0, cut), text.slice(cut)])).toEqual({
      status: 200,
      content: "hello",
      complete: [false, true],
      surplus: false,
    });
});

test("an answer byte by byte is the same", () => {
  const text = `${interim}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello`;
  const { content, complete } = read([...text]);
  expect(content).toBe("hello");
  expect(complete.indexOf(true)).toBe(text.length - 1);
});

test("an answer without length goes on until the connection ends", () => {
  const reader = new AnswerReader("POST", { start: () => undefined, data: () => undefined });
  expect(reader.finish()).toBe(false);
  expect(reader.push(Buffer.from("HTTP/1.1 200 OK\r\n\r\nabc"))).toBe(false);
  expect(reader.finish()).toBe(true);
});

test("an answer that should go on is not complete when the connection ends", () => {
  const reader = new AnswerReader("POST", { start: () => undefined, data: () => undefined });
  reader.push(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell"));
  expect(reader.finish()).toBe(false);
});

test.each([
  ["a body of known length", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 200"],
  ["the last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200"],
])("bytes after %s are no part of it", (_what, text) => {
  expect(read([text])).toEqual({ status: 200, content: "a", complete: [true], surplus: true });
});

test("the answer to HEAD ends with its head", () => {
  expect(read(["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"], "HEAD").complete).toEqual([true]);
});

test.each([
  ["endless headers", `HTTP/1.1 200 OK\r\n${"x: 1\r\n".repeat(10_000)}`],
  ["one endless line", "x".repeat(40_000)],
  ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"],
])("%s is refused", (_what, text) => {
  expect(() => read([text])).toThrow(expect.objectContaining({ code: "UPSTREAM_INVALID_ANSWER" }));
});
