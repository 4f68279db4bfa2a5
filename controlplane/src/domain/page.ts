import { Failure } from "./failure.ts";

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

/** One page of a list. */
export interface Page<T> {
  readonly rows: T[];
  /** Token of the next page; empty on the last one. */
  readonly nextPageToken: string;
}

/** A page as a caller asks for it: a size of 0 means 100, an empty token the first page. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** How the place of a row in its list is written into a token and read back. */
export interface Cursor<T, Position> {
  /** Name of the list, so that a token of another list is refused. */
  readonly list: string;
  write(row: T): readonly string[];
  /** Undefined if these are not the parts of a position. */
  read(parts: readonly string[]): Position | undefined;
}

/** Rows of a list, and whether there are more behind them. */
export interface Rows<T> {
  readonly rows: T[];
  readonly more: boolean;
}

/**
 * Reads one page of a list.
 * @param fetch reads up to `size` rows after a position; fewer rows, with more behind them, make a short page
 * @throws Failure "invalid_argument" for a wrong size or token
 */
export async function readPage<T, Position>(
  request: PageRequest,
  cursor: Cursor<T, Position>,
  fetch: (after: Position | undefined, size: number) => Promise<Rows<T>>,
): Promise<Page<T>> {
  const size = pageSize(request.pageSize);
  const after = request.pageToken === "" ? undefined : readToken(request.pageToken, cursor);
  const { rows, more } = await fetch(after, size);
  const last = rows.at(-1);
  return {
    rows,
    nextPageToken: more && last !== undefined ? writeToken(cursor.list, cursor.write(last)) : "",
  };
}

/** Reads up to `size` rows, and one row more to learn whether there is one. */
export async function readRows<T>(size: number, fetch: (limit: number) => Promise<T[]>): Promise<Rows<T>> {
  const rows = await fetch(size + 1);
  return { rows: rows.slice(0, size), more: rows.length > size };
}

function pageSize(asked: number): number {
  if (asked < 0 || asked > MAX_PAGE_SIZE) {
    throw new Failure("invalid_argument", `page_size must be 0 to ${MAX_PAGE_SIZE}, found ${asked}`);
  }
  return asked === 0 ? DEFAULT_PAGE_SIZE : asked;
}

function writeToken(list: string, parts: readonly string[]): string {
  return Buffer.from(JSON.stringify([list, ...parts])).toString("base64url");
}

function readToken<T, Position>(token: string, cursor: Cursor<T, Position>): Position {
  const [list, ...parts] = tokenParts(token);
  const position = list === cursor.list ? cursor.read(parts) : undefined;
  if (position === undefined) {
    throw new Failure(
      "invalid_argument",
      "page_token is not the next_page_token of an earlier page of this list",
    );
  }
  return position;
}

function tokenParts(token: string): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(parts) && parts.every((part) => typeof part === "string") ? parts : [];
  } catch {
    return [];
  }
}
