import { expect, test } from "vitest";
import { isDatabaseError, MysqlError } from "./database-error.ts";

/** What mysql2 throws: the message may quote a value, and `sql` is the whole statement. */
function mysql2Error(message: string, facts: { errno: number; code: string; sqlState?: string }): Error {
  return Object.assign(new Error(message), facts, { sql: "insert … 'a secret prompt'", sqlMessage: message });
}

test("nothing of what was to be stored gets into an error", () => {
  const reason = mysql2Error("Incorrect string value: 'a secret prompt' for column 'prompt'", {
    errno: 1366,
    code: "ER_TRUNCATED_WRONG_VALUE_FOR_FIELD",
    sqlState: "HY000",
  });
  const error = new MysqlError(reason);
  expect(error.message).toBe("ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, error 1366");
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("secret");
  expect(isDatabaseError(error)).toBe(true);
  expect(error.isDeadlock).toBe(false);
});

test("what an operator can mend is told", () => {
  const full = { errno: 1114, code: "ER_RECORD_FILE_FULL", sqlState: "HY000" };
  expect(new MysqlError(mysql2Error("The table 't' is full", full)).message).toBe(
    "The table 't' is full (ER_RECORD_FILE_FULL)",
  );
  const refused = new MysqlError(mysql2Error("connect ECONNREFUSED", { errno: -111, code: "ECONNREFUSED" }));
  expect(refused).toMatchObject({ message: "connect ECONNREFUSED (ECONNREFUSED)", errno: undefined });
});

test("a broken connection and one to a server that became read-only are not used again", () => {
  const readOnly = { errno: 1290, code: "ER_OPTION_PREVENTS_STATEMENT", sqlState: "HY000" };
  const duplicate = { errno: 1062, code: "ER_DUP_ENTRY", sqlState: "23000" };
  const lost = { errno: -104, code: "ECONNRESET" };
  const ends = [readOnly, lost, duplicate].map(
    (facts) => new MysqlError(mysql2Error("", facts)).endsConnection,
  );
  expect(ends).toEqual([true, true, false]);
});

test("a deadlock may be tried again", () => {
  const deadlock = { errno: 1213, code: "ER_LOCK_DEADLOCK", sqlState: "40001" };
  expect(new MysqlError(mysql2Error("Deadlock found", deadlock)).isDeadlock).toBe(true);
});

test.each([
  { away: true, errno: -111, code: "ECONNREFUSED" },
  { away: true, errno: -3008, code: "ENOTFOUND" },
  { away: true, errno: 1040, code: "ER_CON_COUNT_ERROR", sqlState: "08004" },
  { away: true, errno: 1053, code: "ER_SERVER_SHUTDOWN", sqlState: "08S01" },
  { away: true, errno: 1290, code: "ER_OPTION_PREVENTS_STATEMENT", sqlState: "HY000" },
  { away: false, errno: 1045, code: "ER_ACCESS_DENIED_ERROR", sqlState: "28000" },
  { away: false, errno: 1044, code: "ER_DBACCESS_DENIED_ERROR", sqlState: "42000" },
  { away: false, errno: 1049, code: "ER_BAD_DB_ERROR", sqlState: "42000" },
  { away: false, errno: 1142, code: "ER_TABLEACCESS_DENIED_ERROR", sqlState: "42000" },
  { away: false, errno: 0, code: "HANDSHAKE_NO_SSL_SUPPORT" },
])("$code: away is $away", ({ away, ...facts }) => {
  expect(new MysqlError(mysql2Error("", facts)).isAway).toBe(away);
});

test("errors of the program are no errors of the database", () => {
  expect(isDatabaseError(new TypeError("x is not a function"))).toBe(false);
  expect(isDatabaseError("text")).toBe(false);
});
