import { isIP } from "node:net";

const DEFAULT_PORT = 3306;
const FORM = "mysql://USER:PASSWORD@HOST:PORT/DATABASE";

/** Where a MySQL server is and how to get in. */
export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** True: encrypted, and the server's certificate must be for this host and by someone this machine trusts. */
  readonly tls: boolean;
}

/**
 * Reads `mysql://user:password@host:3306/database`, optionally with `?tls=on`. Characters that mean something in a URL
 * are percent-encoded in user, password and database.
 * @throws SyntaxError saying what was expected; the text itself holds a password and is not repeated
 */
export function mysqlAddress(text: string): MysqlAddress {
  const url = URL.parse(text);
  const database = decoded(url?.pathname.slice(1) ?? "");
  if (
    url === null ||
    url.hostname === "" ||
    url.username === "" ||
    database === "" ||
    database.includes("/")
  ) {
    throw new SyntaxError(`expected a database of the form ${FORM}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const tls = tlsOf(url.searchParams);
  if (tls && isIP(host) !== 0) {
    // The driver compares certificates with names only.
    throw new SyntaxError(
      "with ?tls=on HOST must be a name that the server's certificate is for, not an address",
    );
  }
  return {
    host,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database,
    tls,
  };
}

function tlsOf(parameters: URLSearchParams): boolean {
  const unknown = [...parameters.keys()].find((name) => name !== "tls");
  const tls = parameters.get("tls") ?? "off";
  if (unknown !== undefined || (tls !== "on" && tls !== "off")) {
    throw new SyntaxError(`after ${FORM} only ?tls=on or ?tls=off may follow`);
  }
  return tls === "on";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new SyntaxError(`expected a database of the form ${FORM}, with a literal % written as %25`);
  }
}
