import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import { MariaDb } from "../../../test/support/use-mariadb.ts";
import { databaseAddress, openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import { useFolder } from "./use-control-plane.ts";

/** An empty database of one kind. */
export interface TestDatabase {
  /** What `--database` takes. */
  readonly address: string;
}

let server: Promise<MariaDb> | undefined;
let databases = 0;

/** The MariaDB server of this test file; stopped after its last test. */
export function mariaDb(): Promise<MariaDb> {
  server ??= MariaDb.start();
  return server;
}

/** To be called once in a test file that uses {@link mariaDb}. */
export function stopMariaDbAfterAll(): void {
  afterAll(async () => (await server)?.[Symbol.asyncDispose]());
}

/** Every kind of database, each with a function that makes an empty one for the test at hand. */
export const DATABASES: readonly { readonly name: string; readonly make: () => Promise<TestDatabase> }[] = [
  { name: "SQLite", make: async () => ({ address: `sqlite:${join(useFolder(), "aibridge.db")}` }) },
  {
    name: "MariaDB",
    make: async () => {
      databases += 1;
      return { address: await (await mariaDb()).database(`test_${databases}`) };
    },
  },
];

/** Opens the store of a database, closed after the test. It is not migrated yet. */
export function useStore({ address }: TestDatabase): Store {
  const store = openStore(databaseAddress(address));
  onTestFinished(() => store.close());
  return store;
}
