import { expect, test } from "vitest";
import { fetchTellingEnds, tellingEnds } from "./stream-end.ts";

/** How often it is told that an answer of this kind, and with this body, is over. */
async function told(contentType: string, body: ReadableStream<Uint8Array>, method = "POST"): Promise<number> {
  let ends = 0;
  const answer = new Response(body, { headers: { "content-type": contentType } });
  const fetch = fetchTellingEnds(async () => answer);
  const request = async () => (await fetch("http://mcp.example/", { method })).text();
  await tellingEnds(() => ends++, request).catch(() => undefined);
  return ends;
}

const whole = () => ReadableStream.from([Buffer.from("data: 1\n\n")]) as ReadableStream<Uint8Array>;
const broken = () =>
  new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("connection reset")),
  });

test("a stream that answers a request tells when it is over, cleanly or not", async () => {
  expect(await told("text/event-stream", whole())).toBe(1);
  expect(await told("text/event-stream; charset=utf-8", broken())).toBe(1);
});

test("nothing else does", async () => {
  expect(await told("application/json", whole())).toBe(0);
  expect(await told("text/event-stream", whole(), "GET")).toBe(0);
});

test("a stream that nobody listens for passes as it is", async () => {
  const answer = new Response(whole(), { headers: { "content-type": "text/event-stream" } });
  expect(await fetchTellingEnds(async () => answer)("http://mcp.example/", { method: "POST" })).toBe(answer);
});
