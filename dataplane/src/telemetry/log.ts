import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/**
 * JSON lines with ISO times. Fields whose names could hold a secret are blanked, as a second fence: nothing should put
 * one there in the first place.
 * @param destination where lines go; the process's standard error by default
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ["authorization", "token", "key", "*.authorization", "*.token", "*.key"],
      censor: "[redacted]",
    },
  };
  return pino(options, destination ?? pino.destination({ fd: 2, sync: false }));
}
