import { RevokeTokenResponseSchema } from "@aibridge/proto";
import { adminCommand, printMessage } from "./admin-command.ts";
import { safeLine } from "./safe-text.ts";

/** `aibridge tokens revoke`: makes a token worthless. */
export const tokensRevoke = adminCommand(
  {
    name: "tokens revoke",
    summary: "Make a token worthless; data planes learn it within a second.",
    positionals: [{ name: "ID", required: true, description: "Id of the token, as tokens list shows it." }],
    flags: {},
  },
  async ({ values, positionals, admin, context }) => {
    const [id = ""] = positionals;
    const response = await admin.revokeToken({ id });
    if (values.json) {
      printMessage(context, RevokeTokenResponseSchema, response);
      return;
    }
    context.stdout.write(`Token ${safeLine(id)} is revoked.\n`);
  },
);
