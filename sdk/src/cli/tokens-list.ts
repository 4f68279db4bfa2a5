import { ListTokensResponseSchema, type Token } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { adminCommand, printMessage } from "./admin-command.ts";
import { formatTime } from "./format-values.ts";
import { followPages } from "./pages.ts";
import { formatTable } from "./table.ts";

/** `aibridge tokens list`: all tokens without their secrets, newest first. */
export const tokensList = adminCommand(
  {
    name: "tokens list",
    summary: "List tokens, newest first; revoked and expired ones too.",
    flags: {
      actor: { kind: "text", default: "", placeholder: "NAME", description: "Only tokens of this actor." },
    },
  },
  async ({ values, admin, context }) => {
    const { rows } = await followPages(Number.POSITIVE_INFINITY, async (pageSize, pageToken) => {
      const { tokens, nextPageToken } = await admin.listTokens({ pageSize, pageToken, actor: values.actor });
      return { rows: tokens, nextPageToken };
    });
    if (values.json) {
      printMessage(
        context,
        ListTokensResponseSchema,
        create(ListTokensResponseSchema, { tokens: [...rows] }),
      );
      return;
    }
    context.stdout.write(
      rows.length === 0
        ? "No tokens. Make one: aibridge tokens create --actor NAME\n"
        : table(rows, context.now()),
    );
  },
);

function table(tokens: readonly Token[], now: number): string {
  return formatTable<Token>(
    [
      { heading: "ID", cell: ({ id }) => id },
      { heading: "ACTOR", cell: ({ actor }) => actor },
      { heading: "NAME", cell: ({ name }) => name },
      { heading: "CREATED", cell: ({ createdAt }) => formatTime(createdAt) },
      { heading: "EXPIRES", cell: ({ expiresAt }) => formatTime(expiresAt) || "never" },
      { heading: "STATE", cell: (token) => state(token, now) },
    ],
    tokens,
  );
}

function state(
  { revokedAt, expiresAt }: { revokedAt?: Timestamp; expiresAt?: Timestamp },
  now: number,
): string {
  if (revokedAt !== undefined) {
    return `revoked ${formatTime(revokedAt)}`;
  }
  return expiresAt !== undefined && timestampMs(expiresAt) <= now ? "expired" : "active";
}
