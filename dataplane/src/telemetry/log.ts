import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Lines are written together at least this often; a process that is killed takes no more than those with it. */
const flushEveryMs = 100;
/** Bytes that are written before their time. A write is a trip through the thread pool: it costs as much as 20 lines. */
const writeBytes = 64 * 1024;

/**
 * JSON lines with ISO times. What is logged is chosen field by field where it is logged, so that nothing secret gets
 * here: redacting by name would cost each line, and miss what it does not know.
 * @param destination where lines go; the process's standard error by default
 */
export function createLog(level: string, destination: DestinationStream = standardError()): Logger {
  return pino({ level, base: null, timestamp: timeMember() }, destination);
}

function standardError(): DestinationStream {
  const lines = pino.destination({
    fd: 2,
    sync: false,
    minLength: writeBytes,
    maxWrite: 2 * writeBytes,
    periodicFlush: flushEveryMs,
    // As text, the destination measures all the lines it holds with each one that it gets: 30 KB of garbage for each.
    contentMode: "buffer",
    // Its types know of text only.
  }) as unknown as { write(line: Buffer): unknown };
  return { write: (line) => void lines.write(Buffer.from(line)) };
}

/** Writes `,"time":"2026-11-22T08:00:00.000Z"`. The lines of one millisecond share it: a Date formats in 2 µs. */
function timeMember(): () => string {
  let milliseconds = 0;
  let member = "";
  return () => {
    const now = Date.now();
    if (now !== milliseconds) {
      milliseconds = now;
      member = `,"time":"${new Date(now).toISOString()}"`;
    }
    return member;
  };
}
