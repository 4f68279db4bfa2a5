import {
  type GetInterceptionResponse,
  InterceptionOutcomeSchema,
  ListInterceptionsResponseSchema,
  type TokenUsage,
} from "@aibridge/proto";
import { UsageError } from "@aibridge/proto/settings";
import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { adminCommand, printMessage } from "./admin-command.ts";
import { formatCount, formatEnum, formatSpan, formatTime } from "./format-values.ts";
import { followPages } from "./pages.ts";
import { parseTime } from "./parse-time.ts";
import { formatTable } from "./table.ts";

/** `aibridge interceptions list`: interceptions, newest first. */
export const interceptionsList = adminCommand(
  {
    name: "interceptions list",
    summary: "List interceptions, newest first.",
    flags: {
      actor: { kind: "text", default: "", placeholder: "NAME", description: "Only those of this actor." },
      provider: {
        kind: "text",
        default: "",
        placeholder: "NAME",
        description: "Only those of this provider.",
      },
      model: {
        kind: "text",
        default: "",
        placeholder: "NAME",
        description: "Only those that asked for this model.",
      },
      client: {
        kind: "text",
        default: "",
        placeholder: "NAME",
        description: 'Only those of this client: "Codex".',
      },
      session: {
        kind: "text",
        default: "",
        placeholder: "ID",
        description: "Only those of this client session.",
      },
      since: {
        kind: "text",
        placeholder: "TIME",
        description: "Only those started since: 7d (that long ago) or 2026-11-22T08:00:00Z.",
      },
      until: { kind: "text", placeholder: "TIME", description: "Only those started before, as for --since." },
      limit: { kind: "integer", default: 100, placeholder: "N", description: "At most this many." },
      "include-records": {
        kind: "boolean",
        description: "With --json: each with its token usages, prompts, tool calls and thoughts.",
      },
    },
  },
  async ({ values, usage, context }) => {
    if (values.limit < 1) {
      throw new UsageError("--limit: expected at least 1");
    }
    const filters = {
      initiator: values.actor,
      providerName: values.provider,
      model: values.model,
      client: values.client,
      clientSessionId: values.session,
      startedAfter: parseTime("since", values.since, context.now()),
      startedBefore: parseTime("until", values.until, context.now()),
      // The table shows token counts, which are records.
      includeRecords: values["include-records"] || !values.json,
    };
    const { rows, nextPageToken } = await followPages(values.limit, async (pageSize, pageToken) => {
      const page = await usage.listInterceptions({ ...filters, pageSize, pageToken });
      return { rows: page.interceptions, nextPageToken: page.nextPageToken };
    });
    if (values.json) {
      const response = create(ListInterceptionsResponseSchema, { interceptions: [...rows], nextPageToken });
      printMessage(context, ListInterceptionsResponseSchema, response);
      return;
    }
    context.stdout.write(rows.length === 0 ? "No interceptions.\n" : table(rows));
    if (nextPageToken !== "") {
      context.stderr.write(`There are more than these ${rows.length}: see them with --limit N.\n`);
    }
  },
);

function table(rows: readonly GetInterceptionResponse[]): string {
  const sum = (row: GetInterceptionResponse, count: (usage: TokenUsage) => bigint) =>
    formatCount(row.tokenUsages.reduce((total, usage) => total + count(usage), 0n));
  return formatTable<GetInterceptionResponse>(
    [
      { heading: "STARTED", cell: ({ interception }) => formatTime(interception?.startedAt) },
      { heading: "ACTOR", cell: ({ interception }) => interception?.initiatorId ?? "" },
      { heading: "CLIENT", cell: ({ interception }) => interception?.client ?? "" },
      { heading: "PROVIDER", cell: ({ interception }) => interception?.providerName ?? "" },
      { heading: "MODEL", cell: ({ interception }) => interception?.model ?? "" },
      { heading: "OUTCOME", cell: outcome },
      { heading: "TOOK", cell: took, align: "right" },
      { heading: "INPUT", cell: (row) => sum(row, ({ inputTokens }) => inputTokens), align: "right" },
      { heading: "OUTPUT", cell: (row) => sum(row, ({ outputTokens }) => outputTokens), align: "right" },
      {
        heading: "CACHE READ",
        cell: (row) => sum(row, (usage) => usage.cacheReadInputTokens),
        align: "right",
      },
      {
        heading: "CACHE WRITE",
        cell: (row) => sum(row, (usage) => usage.cacheWriteInputTokens),
        align: "right",
      },
      { heading: "TOOLS", cell: ({ toolUsages }) => formatCount(toolUsages.length), align: "right" },
      { heading: "ID", cell: ({ interception }) => interception?.id ?? "" },
    ],
    rows,
  );
}

function outcome({ ended }: GetInterceptionResponse): string {
  return ended === undefined ? "under way" : formatEnum(InterceptionOutcomeSchema, ended.outcome);
}

function took({ interception, ended }: GetInterceptionResponse): string {
  return interception?.startedAt === undefined || ended?.endedAt === undefined
    ? ""
    : formatSpan(timestampMs(ended.endedAt) - timestampMs(interception.startedAt));
}
