import type { RenderedAnswer } from "./answers.ts";
import type { Delivery } from "./workloads.ts";

/** An answer as it goes over the wire. */
export interface PreparedAnswer {
  readonly delivery: Delivery;
  /** What the provider writes at a time, head and framing included. Together the whole answer. */
  readonly writes: readonly Buffer[];
  /** The body without its framing: what a client must receive, to the byte. */
  readonly body: Buffer;
  /** How many bytes of the body are in the first write. */
  readonly firstBodyBytes: number;
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** An answer in the given delivery. Streams are chunked, one event in one HTTP chunk. */
export function prepareAnswer(answer: RenderedAnswer, delivery: Delivery): PreparedAnswer {
  if (delivery === "whole") {
    const whole = Buffer.from(answer.whole);
    const write = Buffer.concat([head("application/json", `content-length: ${whole.length}`), whole]);
    return { delivery, writes: [write], body: whole, firstBodyBytes: whole.length };
  }
  const groups = groupEvents(
    answer.events.map((event) => Buffer.from(event)),
    delivery,
  );
  const writes = groups.map((events) => Buffer.concat(events.map(asChunk)));
  writes[0] = Buffer.concat([
    head("text/event-stream; charset=utf-8", "transfer-encoding: chunked", "cache-control: no-cache"),
    ...writes.slice(0, 1),
  ]);
  writes.push(Buffer.concat([...writes.splice(-1), LAST_CHUNK]));
  return {
    delivery,
    writes,
    body: Buffer.from(answer.events.join("")),
    firstBodyBytes: Buffer.concat(groups[0] ?? []).length,
  };
}

/** The events that are written at a time. */
function groupEvents(events: readonly Buffer[], delivery: Delivery): (readonly Buffer[])[] {
  if (delivery === "paced") return events.map((event) => [event]);
  if (delivery === "burst") return [events];
  const half = Math.floor(events.length / 2);
  return [events.slice(0, half), events.slice(half)];
}

/** An answer's head: about as many headers as providers send. */
function head(contentType: string, ...more: string[]): Buffer {
  const lines = [
    "HTTP/1.1 200 OK",
    "date: Sun, 22 Nov 2026 05:00:00 GMT",
    `content-type: ${contentType}`,
    ...more,
    "request-id: req_011CVbenchbenchbenchbench",
    "x-ratelimit-remaining-requests: 3999",
    "x-ratelimit-remaining-tokens: 1999000",
    "server: cloudflare",
    "connection: keep-alive",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}

function asChunk(event: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${event.length.toString(16)}\r\n`), event, Buffer.from("\r\n")]);
}
