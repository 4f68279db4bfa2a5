import { SqliteFileGone } from "./sqlite-place.ts";

/** Codes by which `node:sqlite` reports trouble with the database itself. */
const SQLITE_CODES: readonly unknown[] = ["ERR_SQLITE_ERROR", "ERR_INVALID_STATE"];

/**
 * Numbers of MySQL errors whose message speaks of the server, its rights and its names only. Messages of others may
 * quote what was to be stored, which belongs into no log.
 */
const TELLING_ERRNOS: ReadonlySet<number> = new Set([
  1021, 1037, 1040, 1041, 1044, 1045, 1049, 1050, 1053, 1054, 1061, 1114, 1142, 1143, 1146, 1153, 1193, 1205,
  1213, 1290, 1406, 1792, 1836,
]);

/** Deadlock: the transaction is rolled back and may be tried again at once. */
const DEADLOCK_ERRNO = 1213;

/** The server takes no writes, any more: after a fail-over another one may do. */
const READ_ONLY_ERRNOS: ReadonlySet<number | undefined> = new Set([1290, 1792, 1836]);

/** The server cannot be reached, or the connection to it broke off. TLS that fails is not among them. */
const AWAY_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
]);

/**
 * The server is there and will serve later: too many connections, starting or stopping, killed the connection, a
 * lock that was not to be had in time.
 */
const AWAY_ERRNOS: ReadonlySet<number | undefined> = new Set([
  1040, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1226, 1927, 3168, 4031,
]);

/** An error of a MySQL server or of the way to it, without the statement it happened in. */
export class MysqlError extends Error {
  /** Number of a server's error; undefined for errors of the connection. */
  readonly errno: number | undefined;
  /** Name: "ER_DUP_ENTRY", "ECONNREFUSED". */
  readonly code: string;

  constructor(reason: unknown) {
    const { code = "UNKNOWN", errno, sqlState, message } = reason as ErrorOfMysql2;
    const ofServer = sqlState !== undefined;
    const told = !ofServer || (errno !== undefined && TELLING_ERRNOS.has(errno));
    // No `cause`: the original carries the whole statement with the prompts and digests in it.
    super(told && message !== "" ? `${message} (${code})` : `${code}${ofServer ? `, error ${errno}` : ""}`);
    this.name = "MysqlError";
    this.code = code;
    this.errno = ofServer ? errno : undefined;
  }

  /** True if the connection should not be used again: it is broken, or leads to a server that takes no writes. */
  get endsConnection(): boolean {
    return this.errno === undefined || READ_ONLY_ERRNOS.has(this.errno);
  }

  /** True if the server may do the same later without anybody changing what it was asked or is set to. */
  get isAway(): boolean {
    return this.errno === undefined
      ? AWAY_CODES.has(this.code)
      : AWAY_ERRNOS.has(this.errno) || READ_ONLY_ERRNOS.has(this.errno) || this.isDeadlock;
  }

  /** True if the same transaction may succeed when it is tried again at once. */
  get isDeadlock(): boolean {
    return this.errno === DEADLOCK_ERRNO;
  }
}

interface ErrorOfMysql2 {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly message: string;
}

/** True if the database could not do what it was asked: busy, full, unreadable, closed, gone. */
export function isDatabaseError(reason: unknown): reason is Error {
  return (
    reason instanceof MysqlError ||
    reason instanceof SqliteFileGone ||
    (reason instanceof Error && "code" in reason && SQLITE_CODES.includes(reason.code))
  );
}
