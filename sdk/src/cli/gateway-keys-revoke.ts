import { RevokeGatewayKeyResponseSchema } from "@aibridge/proto";
import { adminCommand, printMessage } from "./admin-command.ts";
import { safeLine } from "./safe-text.ts";

/** `aibridge gateway-keys revoke`: makes a gateway key worthless. */
export const gatewayKeysRevoke = adminCommand(
  {
    name: "gateway-keys revoke",
    summary: "Make a gateway key worthless.",
    positionals: [
      { name: "ID", required: true, description: "Id of the key, as gateway-keys list shows it." },
    ],
    flags: {},
  },
  async ({ values, positionals, admin, context }) => {
    const [id = ""] = positionals;
    const response = await admin.revokeGatewayKey({ id });
    if (values.json) {
      printMessage(context, RevokeGatewayKeyResponseSchema, response);
      return;
    }
    context.stdout.write(`Gateway key ${safeLine(id)} is revoked.\n`);
  },
);
