import { MysqlError } from "./database-error.ts";

/** A transaction that met another one in a deadlock is tried again this often. */
const MAX_ATTEMPTS = 5;

/** Does work in the database, again if it met another transaction in a deadlock: it was rolled back then. */
export async function againAfterDeadlock<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MysqlError && error.isDeadlock) || attempt === MAX_ATTEMPTS) {
        throw error;
      }
    }
  }
}
