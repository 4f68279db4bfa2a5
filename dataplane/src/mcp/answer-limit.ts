/** An MCP server sent more than is taken. */
export class AnswerTooLong extends Error {
  override readonly name = "AnswerTooLong";
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * What a stream of events may bring at once, and in each second after that. Each event costs as much as some KiB more:
 * reading many small ones is as dear as reading a large one.
 */
const burstBytes = 64 * 1024 * 1024;
const bytesPerSecond = 4 * 1024 * 1024;
const bytesPerEvent = 4 * 1024;

/** Lets an MCP server's answer pass up to a limit, and fails beyond it with AnswerTooLong. */
export function answerLimit(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0;
  return limit((chunk) => {
    seen += chunk.byteLength;
    return seen > maxBytes ? `its answer is longer than ${maxBytes} bytes` : undefined;
  });
}

/**
 * The same for server-sent events. The limit is that of each event: the stream itself may go on for days, but not flood
 * the gateway.
 */
export function eventLimit(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let held = 0;
  let lineIsEmpty = true;
  const flood = new Flood();
  return limit((chunk) => {
    let most = 0;
    let events = 0;
    for (const byte of chunk) {
      most = Math.max(most, ++held);
      if (byte === lineFeed) {
        // An empty line ends an event.
        if (lineIsEmpty) {
          held = 0;
          events++;
        }
        lineIsEmpty = true;
      } else if (byte !== carriageReturn) lineIsEmpty = false;
    }
    if (most > maxBytes) return `its answer is longer than ${maxBytes} bytes`;
    return flood.adds(chunk.byteLength + events * bytesPerEvent)
      ? "it sends more events than can be read"
      : undefined;
  });
}

/** Knows whether a stream brings more than it may: what it may have more of grows with time, up to a limit. */
class Flood {
  #left = burstBytes;
  #at = performance.now();

  /** Counts bytes; true if they are too many. */
  adds(bytes: number): boolean {
    const now = performance.now();
    this.#left = Math.min(burstBytes, this.#left + ((now - this.#at) * bytesPerSecond) / 1000) - bytes;
    this.#at = now;
    return this.#left < 0;
  }
}

/** @param complaint says why a chunk is too much; undefined if it is not */
function limit(complaint: (chunk: Uint8Array) => string | undefined) {
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const reason = complaint(chunk);
      if (reason === undefined) controller.enqueue(chunk);
      else controller.error(new AnswerTooLong(reason));
    },
  });
}
