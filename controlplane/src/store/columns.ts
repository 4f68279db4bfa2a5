import { uuidFromBytes, uuidToBytes } from "@aibridge/proto/channel";

/**
 * A value as the databases take and give it. So that all 64 bits survive, integers are read as bigint from SQLite and as
 * text from MySQL.
 */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** How one member of a record is kept in one column. */
export interface Column<T> {
  toSql(value: T): SqlValue;
  fromSql(value: SqlValue): T;
}

/** One column for each member of `T`, under the member's name. */
export type Columns<T> = { readonly [K in keyof T]: Column<T[K]> };

/** UUID text, kept as 16 bytes. */
export const uuid: Column<string> = {
  toSql: (value) => uuidToBytes(value),
  fromSql: (value) => uuidFromBytes(value as Uint8Array),
};

export const text: Column<string> = {
  toSql: (value) => value,
  fromSql: (value) => value as string,
};

/** Text that may be absent. */
export const optionalText: Column<string | null> = {
  toSql: (value) => value,
  fromSql: (value) => value as string | null,
};

/** One of a closed set of words, kept as text so that people can read the table. */
export function word<T extends string>(): Column<T> {
  return { toSql: (value) => value, fromSql: (value) => value as T };
}

/** An integer below 2^53. */
export const integer: Column<number> = {
  toSql: (value) => value,
  fromSql: (value) => Number(value),
};

/** A signed 64-bit integer: token counts, microseconds. */
export const int64: Column<bigint> = {
  toSql: (value) => value,
  fromSql: (value) => BigInt(value as bigint | number | string),
};

/** A signed 64-bit integer that may be absent. */
export const optionalInt64: Column<bigint | null> = {
  toSql: (value) => value,
  fromSql: (value) => (value === null ? null : int64.fromSql(value)),
};

/** True or false, kept as 1 or 0. */
export const flag: Column<boolean> = {
  toSql: (value) => (value ? 1 : 0),
  fromSql: (value) => Number(value) === 1,
};

/** The column name of a member: "initiatorId" → "initiator_id". */
export function columnName(member: string): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Makes rows of records, in the order of {@link columnNames}. Prepared once, because each record passes through it. */
export function rowMaker<T>(columns: Columns<T>): (record: T) => SqlValue[] {
  const writers = membersOf(columns).map((member) => ({ member, toSql: columns[member].toSql as Writer }));
  return (record) => {
    const row: SqlValue[] = [];
    for (const { member, toSql } of writers) {
      row.push(toSql(record[member]));
    }
    return row;
  };
}

type Writer = (value: unknown) => SqlValue;

/** The record of a row whose columns have their {@link columnName}s. */
export function fromRow<T>(columns: Columns<T>, row: object): T {
  const values = row as Record<string, SqlValue>;
  const entries = membersOf(columns).map((member) => {
    const value = values[columnName(String(member))];
    if (value === undefined) {
      throw new TypeError(`the row has no column ${columnName(String(member))}`);
    }
    return [member, columns[member].fromSql(value)];
  });
  return Object.fromEntries(entries) as T;
}

/** Column names of a table, in the order of {@link rowMaker}. */
export function columnNames<T>(columns: Columns<T>): string[] {
  return membersOf(columns).map((member) => columnName(String(member)));
}

function membersOf<T>(columns: Columns<T>): (keyof T)[] {
  return Object.keys(columns) as (keyof T)[];
}
