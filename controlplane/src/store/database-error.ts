/** Codes by which `node:sqlite` reports trouble with the database itself. */
const SQLITE_CODES: readonly unknown[] = ["ERR_SQLITE_ERROR", "ERR_INVALID_STATE"];

/** True if the database could not do what it was asked: busy, full, unreadable, closed. */
export function isDatabaseError(reason: unknown): reason is Error {
  return reason instanceof Error && "code" in reason && SQLITE_CODES.includes(reason.code);
}
