import {
  GetInterceptionResponseSchema,
  ListInterceptionsResponseSchema,
  ListSessionsResponseSchema,
  type Session,
  SessionSchema,
  SummarizeUsageResponseSchema,
  UsageDimension,
  type UsageService,
} from "@aibridge/proto";
import { isUuid } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { INTERCEPTION_CURSOR, SESSION_CURSOR } from "../domain/cursors.ts";
import { Failure } from "../domain/failure.ts";
import { readPage, readRows } from "../domain/page.ts";
import type {
  UsageDimension as Dimension,
  InterceptionFilter,
  SessionUsage,
  UsageStore,
  UsageTotals,
} from "../store/store.ts";
import { detailsMessage } from "./record-to-message.ts";
import { optionalMicros, timestampOfMicros } from "./times.ts";

const DIMENSIONS: ReadonlyMap<number, Dimension> = new Map([
  [UsageDimension.ACTOR, "actor"],
  [UsageDimension.MODEL, "model"],
  [UsageDimension.PROVIDER, "provider"],
  [UsageDimension.CLIENT, "client"],
  [UsageDimension.DAY, "day"],
]);

/**
 * Text of one page of interceptions, in bytes of UTF-8; a longer page ends early. Below the 4 MiB that gRPC clients take
 * in one message by default.
 */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

const MAX_INT64 = 2n ** 63n - 1n;

/** UsageService: reads what was recorded. */
export function usageService(usage: UsageStore): ServiceImpl<typeof UsageService> {
  return {
    async listInterceptions(request) {
      const filter = filterOf(request);
      const withRecords = request.includeRecords;
      const page = await readPage(request, INTERCEPTION_CURSOR, (after, limit) =>
        usage.listInterceptions({ filter, after, limit, withRecords, maxBytes: MAX_PAGE_BYTES }),
      );
      return create(ListInterceptionsResponseSchema, {
        interceptions: page.rows.map(detailsMessage),
        nextPageToken: page.nextPageToken,
      });
    },
    async getInterception({ id }) {
      const details = isUuid(id) ? await usage.getInterception(id) : undefined;
      if (details === undefined) {
        throw new Failure("not_found", "there is no interception with this id");
      }
      return create(GetInterceptionResponseSchema, detailsMessage(details));
    },
    async listSessions(request) {
      const filter = filterOf(request);
      const page = await readPage(request, SESSION_CURSOR, (after, size) =>
        readRows(size, (limit) => usage.listSessions({ filter, after, limit })),
      );
      return create(ListSessionsResponseSchema, {
        sessions: page.rows.map(sessionMessage),
        nextPageToken: page.nextPageToken,
      });
    },
    async summarizeUsage(request) {
      const dimensions = dimensionsOf(request.groupBy);
      const groups = await usage.summarizeUsage({ filter: filterOf(request), dimensions });
      const rows = groups.map(({ values, totals }) => ({
        group: Object.fromEntries(dimensions.map((dimension, index) => [dimension, values[index] ?? ""])),
        ...totalsMessage(totals),
      }));
      return create(SummarizeUsageResponseSchema, { rows });
    },
  };
}

/** The filter members of the requests; each request has some of them. */
interface FilterMembers {
  initiator?: string;
  providerName?: string;
  model?: string;
  client?: string;
  clientSessionId?: string;
  startedAfter?: Timestamp | undefined;
  startedBefore?: Timestamp | undefined;
}

function filterOf(request: FilterMembers): InterceptionFilter {
  return {
    initiatorId: request.initiator || undefined,
    providerName: request.providerName || undefined,
    model: request.model || undefined,
    client: request.client || undefined,
    clientSessionId: request.clientSessionId || undefined,
    startedAfter: optionalMicros(request.startedAfter),
    startedBefore: optionalMicros(request.startedBefore),
  };
}

function dimensionsOf(groupBy: readonly number[]): Dimension[] {
  const dimensions = groupBy.map((number) => {
    const dimension = DIMENSIONS.get(number);
    if (dimension === undefined) {
      throw new Failure("invalid_argument", `group_by has the unknown dimension ${number}`);
    }
    return dimension;
  });
  return [...new Set(dimensions)];
}

/** A sum may be larger than any of its numbers; what an int64 cannot hold is told as the largest it can. */
function totalsMessage(totals: UsageTotals): UsageTotals {
  const entries = Object.entries(totals).map(([name, sum]) => [name, sum > MAX_INT64 ? MAX_INT64 : sum]);
  return Object.fromEntries(entries) as UsageTotals;
}

function sessionMessage({ firstStartedAt, lastStartedAt, ...rest }: SessionUsage): Session {
  return create(SessionSchema, {
    ...rest,
    firstStartedAt: timestampOfMicros(firstStartedAt),
    lastStartedAt: timestampOfMicros(lastStartedAt),
  });
}
