import type { Migration } from "kysely/migration";
import * as initial from "./0001-initial.ts";
import * as sharedDatabase from "./0002-shared-database.ts";
import * as noPad from "./0003-no-pad.ts";
import * as toolPins from "./0004-tool-pins.ts";
import * as messageIndex from "./0005-message-index.ts";

/** Every migration in order of its name. Names are kept in the database: they never change. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-initial": initial,
  "0002-shared-database": sharedDatabase,
  "0003-no-pad": noPad,
  "0004-tool-pins": toolPins,
  "0005-message-index": messageIndex,
};
