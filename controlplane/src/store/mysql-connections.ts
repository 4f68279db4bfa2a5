import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult } from "kysely";
import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from "mysql2";
import { MysqlError } from "./database-error.ts";
import type { MysqlAddress } from "./mysql-address.ts";

const MAX_CONNECTIONS = 10;
/** Calls that may wait for a connection; more are refused at once instead of piling up while the database is away. */
const MAX_WAITING = 1000;
/** How long making a connection may take, and waiting for a free one. */
const CONNECT_TIMEOUT_MS = 3000;
const ACQUIRE_TIMEOUT_MS = 5000;
const QUERY_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;

/**
 * Settings that must not depend on the server: strict, so that nothing is cut or changed silently; backslashes escape,
 * which the driver relies on; a lock is not waited for longer than a statement may take.
 */
const SESSION = `set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00',
  innodb_lock_wait_timeout = 5, lock_wait_timeout = 5`;

export interface MysqlConnectionOptions {
  /**
   * How long a statement may go without an answer, in milliseconds. Summaries over many rows are the slowest.
   * @default 10000
   */
  readonly queryTimeoutMs?: number;
}

/** One connection, for as long as it is held. */
export interface MysqlSession {
  /** Runs a statement without parameters. */
  run(sql: string): Promise<void>;
  /** Runs a prepared statement that changes rows; it stays prepared. Returns how many rows it changed. */
  execute(sql: string, values: readonly (string | number | bigint | Uint8Array | null)[]): Promise<number>;
}

/**
 * Connections to a MySQL server. A server that is away, frozen or restarted costs an error after a bounded time; a
 * connection that has gone silent is closed and never used again. Every error is a {@link MysqlError}.
 */
export class MysqlConnections implements MysqlPool {
  readonly #pool: Pool;
  readonly #timeout: number;

  constructor(address: MysqlAddress, { queryTimeoutMs = QUERY_TIMEOUT_MS }: MysqlConnectionOptions = {}) {
    const { host, port, user, password, database, tls } = address;
    this.#timeout = queryTimeoutMs;
    this.#pool = createPool({
      ...{ host, port, user, password, database },
      ...(tls && { ssl: { minVersion: "TLSv1.2", rejectUnauthorized: true, verifyIdentity: true } }),
      charset: "utf8mb4_bin",
      connectionLimit: MAX_CONNECTIONS,
      queueLimit: MAX_WAITING,
      connectTimeout: CONNECT_TIMEOUT_MS,
      idleTimeout: IDLE_TIMEOUT_MS,
      // 64-bit integers come as text: a JavaScript number would round them.
      supportBigNumbers: true,
      bigNumberStrings: true,
      // Without this flag a row that was there already and stays as it is counts as not affected.
      flags: ["-FOUND_ROWS"],
    });
    this.#pool.on("connection", prepareSession);
  }

  /** Hands a connection to `use` alone until it is done. */
  async hold<T>(use: (session: MysqlSession) => Promise<T>): Promise<T> {
    const connection = await this.#acquire();
    try {
      return await use(new TimedConnection(connection, this.#timeout));
    } finally {
      connection.release();
    }
  }

  /** For Kysely. */
  getConnection(callback: (error: unknown, connection: MysqlPoolConnection) => void): void {
    this.#acquire().then(
      (connection) => callback(undefined, new TimedConnection(connection, this.#timeout)),
      (error: unknown) => callback(error, undefined as never),
    );
  }

  /** Closes every connection. */
  end(callback: (error: unknown) => void): void {
    this.#pool.end((error) => callback(error ?? undefined));
  }

  #acquire(): Promise<PoolConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<PoolConnection>();
    let waiting = true;
    const timer = setTimeout(() => {
      waiting = false;
      reject(
        new MysqlError({ code: "ETIMEDOUT", message: "no connection to the database became free in time" }),
      );
    }, ACQUIRE_TIMEOUT_MS);
    this.#pool.getConnection((error, connection) => {
      clearTimeout(timer);
      if (error !== null && error !== undefined) {
        reject(new MysqlError(error));
      } else if (waiting) {
        resolve(connection);
      } else {
        connection.release();
      }
    });
    return promise;
  }
}

/** Runs before whatever the connection was made for: statements of a connection wait for each other. */
function prepareSession(connection: Pick<PoolConnection, "on" | "query" | "destroy">): void {
  // Whoever uses the connection learns of its end by a failed statement.
  connection.on("error", () => undefined);
  connection.query({ sql: SESSION, timeout: QUERY_TIMEOUT_MS }, (error) => {
    if (error !== null) {
      connection.destroy();
    }
  });
}

/** A connection whose statements end in time, one way or the other. */
class TimedConnection implements MysqlPoolConnection, MysqlSession {
  readonly #connection: PoolConnection;
  readonly #timeout: number;

  constructor(connection: PoolConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeout = timeoutMs;
  }

  get config(): object {
    return this.#connection.config;
  }

  get threadId(): number {
    return this.#connection.threadId;
  }

  connect(callback?: (error: unknown) => void): void {
    this.#connection.connect(callback);
  }

  query(
    sql: string,
    values: unknown,
    callback: (error: unknown, result: MysqlQueryResult) => void = () => undefined,
  ) {
    const request = { sql, values: [...(values as readonly unknown[])], timeout: this.#timeout };
    return this.#connection.query(request as never, (error, result) =>
      callback(error === null ? undefined : this.#failed(error), result as never),
    ) as unknown as ReturnType<MysqlPoolConnection["query"]>;
  }

  async run(sql: string): Promise<void> {
    await this.#result((done) => this.#connection.query({ sql, timeout: this.#timeout }, done));
  }

  async execute(sql: string, values: Parameters<MysqlSession["execute"]>[1]): Promise<number> {
    const request = { sql, values: [...values], timeout: this.#timeout };
    const result = await this.#result((done) => this.#connection.execute(request as never, done));
    return (result as ResultSetHeader).affectedRows;
  }

  release(): void {
    this.#connection.release();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  #result(start: (done: (error: Error | null, result: unknown) => void) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      start((error, result) => (error === null ? resolve(result) : reject(this.#failed(error))));
    });
  }

  /** After a time-out nobody knows what the connection will say next: it is closed, which rolls back what is open. */
  #failed(reason: Error): MysqlError {
    const error = new MysqlError(reason);
    if (error.endsConnection) {
      this.#connection.destroy();
    }
    return error;
  }
}
