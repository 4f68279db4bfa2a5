import { SummarizeUsageResponseSchema, UsageDimension, type UsageRow } from "@aibridge/proto";
import { nearest, UsageError } from "@aibridge/proto/settings";
import { adminCommand, printMessage } from "./admin-command.ts";
import { formatCount } from "./format-values.ts";
import { parseTime } from "./parse-time.ts";
import { type Column, formatTable } from "./table.ts";

const DIMENSIONS: Readonly<Record<string, UsageDimension>> = {
  actor: UsageDimension.ACTOR,
  model: UsageDimension.MODEL,
  provider: UsageDimension.PROVIDER,
  client: UsageDimension.CLIENT,
  day: UsageDimension.DAY,
};

/** `aibridge usage`: sums of interceptions, tokens and tool calls. */
export const usage = adminCommand(
  {
    name: "usage",
    summary: "Sum up interceptions, tokens and tool calls.",
    flags: {
      by: {
        kind: "text",
        repeat: true,
        placeholder: "DIMENSIONS",
        description: `What to group by, separated by commas: ${Object.keys(DIMENSIONS).join(", ")}. Without it: one row.`,
      },
      actor: { kind: "text", default: "", placeholder: "NAME", description: "Only what this actor used." },
      provider: {
        kind: "text",
        default: "",
        placeholder: "NAME",
        description: "Only what this provider served.",
      },
      since: {
        kind: "text",
        placeholder: "TIME",
        description: "Only what started since: 7d (that long ago) or 2026-11-22T08:00:00Z.",
      },
      until: { kind: "text", placeholder: "TIME", description: "Only what started before, as for --since." },
    },
  },
  async ({ values, usage: client, context }) => {
    const names = values.by.flatMap((text) => text.split(",")).map((name) => name.trim());
    const response = await client.summarizeUsage({
      groupBy: names.map(dimension),
      initiator: values.actor,
      providerName: values.provider,
      startedAfter: parseTime("since", values.since, context.now()),
      startedBefore: parseTime("until", values.until, context.now()),
    });
    if (values.json) {
      printMessage(context, SummarizeUsageResponseSchema, response);
      return;
    }
    context.stdout.write(response.rows.length === 0 ? "Nothing was used.\n" : table(names, response.rows));
  },
);

function dimension(name: string): UsageDimension {
  const known = Object.hasOwn(DIMENSIONS, name) ? DIMENSIONS[name] : undefined;
  if (known === undefined) {
    const guess = nearest(name, Object.keys(DIMENSIONS));
    const hint =
      guess === undefined ? `expected ${Object.keys(DIMENSIONS).join(", ")}` : `did you mean ${guess}?`;
    throw new UsageError(`--by: unknown dimension "${name}"; ${hint}`);
  }
  return known;
}

function table(dimensions: readonly string[], rows: readonly UsageRow[]): string {
  const groups = dimensions.map(
    (name): Column<UsageRow> => ({ heading: name.toUpperCase(), cell: ({ group }) => group[name] ?? "" }),
  );
  const sum = (heading: string, count: (row: UsageRow) => bigint): Column<UsageRow> => ({
    heading,
    cell: (row) => formatCount(count(row)),
    align: "right",
  });
  return formatTable<UsageRow>(
    [
      ...groups,
      sum("INTERCEPTIONS", (row) => row.interceptions),
      sum("INPUT", (row) => row.inputTokens),
      sum("OUTPUT", (row) => row.outputTokens),
      sum("CACHE READ", (row) => row.cacheReadInputTokens),
      sum("CACHE WRITE", (row) => row.cacheWriteInputTokens),
      sum("TOOL CALLS", (row) => row.toolCalls),
    ],
    rows,
  );
}
