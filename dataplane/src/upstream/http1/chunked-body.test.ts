import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkedBody } from "./chunked-body.ts";

/** Decodes a body that comes in these pieces; returns its content and what followed it in the last piece. */
function decode(pieces: readonly string[]) {
  const body = new ChunkedBody();
  let content = "";
  let rest = "";
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, "latin1");
    const end = body.decode(bytes, 0);
    content += bytes.toString("latin1", 0, end);
    rest = bytes.toString("latin1", body.consumed);
  }
  return { content, rest, complete: body.complete };
}

function cutAt(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

test("whatever the pieces, the content is the same", () => {
  const chunk = fc.string({ minLength: 1, maxLength: 300, unit: "binary-ascii" });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (chunks, cuts) => {
      const sizes = chunks.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`);
      const pieces = cutAt(`${sizes.join("")}0\r\n\r\n`, cuts);
      expect(decode(pieces)).toEqual({ content: chunks.join(""), rest: "", complete: true });
    }),
  );
});

test("extensions, padding and trailers are read over, at every cut", () => {
  const text = '3;name="a;b"\r\nabc\r\nA  \r\n0123456789\r\n0\r\nx-sum: 1\r\ny: 2\r\n\r\n';
  for (let cut = 0; cut <= text.length; cut++)
    expect(decode([text.slice(0, cut), text.slice(cut)])).toEqual({
      content: "abc0123456789",
      rest: "",
      complete: true,
    });
});

test("what follows the end is left alone", () => {
  expect(decode(["1\r\na\r\n0\r\n\r\nHTTP/1.1 200"])).toEqual({
    content: "a",
    rest: "HTTP/1.1 200",
    complete: true,
  });
});

test.each([
  ["no size", "\r\nabc\r\n"],
  ["a sign", "+3\r\nabc\r\n"],
  ["a prefix", "0x3\r\nabc\r\n"],
  ["a size that no chunk has", "FFFFFFFFFFF\r\n"],
  ["a bare LF after the size", "3\nabc\r\n"],
  ["a bare LF after the data", "3\r\nabc\n"],
  ["data longer than its size", "3\r\nabcd\r\n"],
  ["a bare LF in a trailer", "0\r\nx: 1\n\r\n"],
  ["trailers without end", `0\r\n${"x: 1\r\n".repeat(5_000)}`],
  ["an extension without end", `1;${"x".repeat(20_000)}`],
])("%s is refused", (_what, text) => {
  expect(() => decode([text])).toThrow(expect.objectContaining({ code: "UPSTREAM_INVALID_ANSWER" }));
});
