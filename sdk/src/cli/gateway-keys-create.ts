import { adminCommand, printJson } from "./admin-command.ts";
import { safeLine } from "./safe-text.ts";

/** `aibridge gateway-keys create`: makes a key for a data plane and prints it, this once. */
export const gatewayKeysCreate = adminCommand(
  {
    name: "gateway-keys create",
    summary: "Make a key for a data plane; it is shown this once.",
    flags: {
      name: {
        kind: "text",
        required: true,
        placeholder: "NAME",
        description: "Name of the data plane, recorded with everything that comes in with the key: eu-1.",
      },
    },
  },
  async ({ values, admin, context }) => {
    const { secret, gatewayKey } = await admin.createGatewayKey({ name: values.name });
    if (values.json) {
      printJson(context, { key: secret, id: gatewayKey?.id ?? "", name: gatewayKey?.name ?? "" });
      return;
    }
    const name = safeLine(gatewayKey?.name ?? "");
    context.stderr.write(`Gateway key ${gatewayKey?.id} for ${name}. It is shown this once:\n`);
    context.stdout.write(`${secret}\n`);
  },
);
