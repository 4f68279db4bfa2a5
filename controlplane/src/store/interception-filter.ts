import type { Expression, ExpressionBuilder, SqlBool } from "kysely";
import type { Schema } from "./schema.ts";
import type { InterceptionFilter } from "./store.ts";

/** Tables of a query in which interceptions are called `i`. */
interface Filtered extends Schema {
  i: Schema["aibridge_interceptions"];
}

/** The condition of a filter, for a query in which interceptions are called `i`. */
export function matching(filter: InterceptionFilter) {
  return (eb: ExpressionBuilder<Filtered, "i">): Expression<SqlBool> => {
    const conditions: Expression<SqlBool>[] = [];
    const equal = {
      "i.initiator_id": filter.initiatorId,
      "i.provider_name": filter.providerName,
      "i.model": filter.model,
      "i.client": filter.client,
      "i.client_session_id": filter.clientSessionId,
    } as const;
    for (const [column, value] of Object.entries(equal) as [keyof typeof equal, string | undefined][]) {
      if (value !== undefined) {
        conditions.push(eb(column, "=", value));
      }
    }
    if (filter.startedAfter !== undefined) {
      conditions.push(eb("i.started_at", ">=", filter.startedAfter));
    }
    if (filter.startedBefore !== undefined) {
      conditions.push(eb("i.started_at", "<", filter.startedBefore));
    }
    return eb.and(conditions);
  };
}
