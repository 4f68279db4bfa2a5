import { isUuid } from "@aibridge/proto/channel";
import type { InterceptionPosition, SessionPosition, SessionUsage } from "../store/store.ts";
import type { Cursor } from "./page.ts";
import type { InterceptionDetails } from "./records.ts";

/** Places in the list of interceptions. */
export const INTERCEPTION_CURSOR: Cursor<InterceptionDetails, InterceptionPosition> = {
  list: "interceptions",
  write: ({ interception }) => [String(interception.startedAt), interception.id],
  read: ([startedAt = "", id = ""]) =>
    isInteger(startedAt) && isUuid(id) ? { startedAt: BigInt(startedAt), id } : undefined,
};

/** Places in the list of sessions. */
export const SESSION_CURSOR: Cursor<SessionUsage, SessionPosition> = {
  list: "sessions",
  write: (row) => [String(row.lastStartedAt), row.clientSessionId, row.client, row.initiatorId],
  read: ([lastStartedAt = "", clientSessionId, client, initiatorId]) =>
    isInteger(lastStartedAt) &&
    clientSessionId !== undefined &&
    client !== undefined &&
    initiatorId !== undefined
      ? { lastStartedAt: BigInt(lastStartedAt), clientSessionId, client, initiatorId }
      : undefined,
};

/** Places in a list that is ordered by id. */
export function idCursor<T extends { id: string }>(list: string): Cursor<T, string> {
  return {
    list,
    write: (row) => [row.id],
    read: ([id = ""]) => (isUuid(id) ? id : undefined),
  };
}

function isInteger(text: string): boolean {
  return /^-?\d{1,18}$/.test(text);
}
