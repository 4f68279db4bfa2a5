/** An MCP server sent more than is taken. */
export class AnswerTooLong extends Error {
  override readonly name = "AnswerTooLong";
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Lets an MCP server's answer pass up to a limit, and fails beyond it with AnswerTooLong. */
export function answerLimit(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0;
  return limit(maxBytes, (chunk) => {
    seen += chunk.byteLength;
    return seen;
  });
}

/** The same for server-sent events. The limit is that of each event: the stream itself may go on for days. */
export function eventLimit(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let held = 0;
  let lineIsEmpty = true;
  return limit(maxBytes, (chunk) => {
    let most = 0;
    for (const byte of chunk) {
      most = Math.max(most, ++held);
      if (byte === lineFeed) {
        // An empty line ends an event.
        if (lineIsEmpty) held = 0;
        lineIsEmpty = true;
      } else if (byte !== carriageReturn) lineIsEmpty = false;
    }
    return most;
  });
}

/** @param measure tells how many bytes are held at most with this chunk */
function limit(maxBytes: number, measure: (chunk: Uint8Array) => number) {
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (measure(chunk) <= maxBytes) controller.enqueue(chunk);
      else controller.error(new AnswerTooLong(`its answer is longer than ${maxBytes} bytes`));
    },
  });
}
