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
import { readPage } from "../domain/page.ts";
import type {
  UsageDimension as Dimension,
  InterceptionFilter,
  SessionUsage,
  UsageStore,
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

/** UsageService: reads what was recorded. */
export function usageService(usage: UsageStore): ServiceImpl<typeof UsageService> {
  return {
    async listInterceptions(request) {
      const filter = filterOf(request);
      const withRecords = request.includeRecords;
      const page = await readPage(request, INTERCEPTION_CURSOR, (after, limit) =>
        usage.listInterceptions({ filter, after, limit, withRecords }),
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
      const page = await readPage(request, SESSION_CURSOR, (after, limit) =>
        usage.listSessions({ filter, after, limit }),
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
        ...totals,
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

function sessionMessage({ firstStartedAt, lastStartedAt, ...rest }: SessionUsage): Session {
  return create(SessionSchema, {
    ...rest,
    firstStartedAt: timestampOfMicros(firstStartedAt),
    lastStartedAt: timestampOfMicros(lastStartedAt),
  });
}
