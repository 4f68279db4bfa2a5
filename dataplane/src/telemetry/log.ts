import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Lines are written together at least this often; a process that is killed takes no more than those with it. */
const flushEveryMs = 100;

/**
 * JSON lines with ISO times. What is logged is chosen field by field where it is logged, so that nothing secret gets
 * here: redacting by name would cost each line, and miss what it does not know.
 * @param destination where lines go; the process's standard error by default
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(
    options,
    destination ?? pino.destination({ fd: 2, sync: false, minLength: 4096, periodicFlush: flushEveryMs }),
  );
}
