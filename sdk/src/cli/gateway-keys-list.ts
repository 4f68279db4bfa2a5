import { type GatewayKey, ListGatewayKeysResponseSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { adminCommand, printMessage } from "./admin-command.ts";
import { formatTime } from "./format-values.ts";
import { followPages } from "./pages.ts";
import { formatTable } from "./table.ts";

/** `aibridge gateway-keys list`: all gateway keys without their secrets, newest first. */
export const gatewayKeysList = adminCommand(
  {
    name: "gateway-keys list",
    summary: "List gateway keys, newest first; revoked ones too.",
    flags: {},
  },
  async ({ values, admin, context }) => {
    const { rows } = await followPages(Number.POSITIVE_INFINITY, async (pageSize, pageToken) => {
      const { gatewayKeys, nextPageToken } = await admin.listGatewayKeys({ pageSize, pageToken });
      return { rows: gatewayKeys, nextPageToken };
    });
    if (values.json) {
      const response = create(ListGatewayKeysResponseSchema, { gatewayKeys: [...rows] });
      printMessage(context, ListGatewayKeysResponseSchema, response);
      return;
    }
    context.stdout.write(
      rows.length === 0
        ? "No gateway keys. Make one: aibridge gateway-keys create --name NAME\n"
        : table(rows),
    );
  },
);

function table(keys: readonly GatewayKey[]): string {
  return formatTable<GatewayKey>(
    [
      { heading: "ID", cell: ({ id }) => id },
      { heading: "NAME", cell: ({ name }) => name },
      { heading: "CREATED", cell: ({ createdAt }) => formatTime(createdAt) },
      {
        heading: "STATE",
        cell: ({ revokedAt }) => (revokedAt === undefined ? "active" : `revoked ${formatTime(revokedAt)}`),
      },
    ],
    keys,
  );
}
