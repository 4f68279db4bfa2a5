import { Kysely, MysqlDialect } from "kysely";
import type { MysqlAddress } from "./mysql-address.ts";
import { type MysqlConnectionOptions, MysqlConnections } from "./mysql-connections.ts";
import type { Schema } from "./schema.ts";

/** Connections to a MySQL server, for query builders and for prepared statements. Destroying `kysely` closes them. */
export interface MysqlConnection {
  readonly kysely: Kysely<Schema>;
  readonly connections: MysqlConnections;
}

/** Connects when the first statement asks for it, not before. */
export function openMysql(address: MysqlAddress, options: MysqlConnectionOptions = {}): MysqlConnection {
  const connections = new MysqlConnections(address, options);
  return { connections, kysely: new Kysely<Schema>({ dialect: new MysqlDialect({ pool: connections }) }) };
}
