import { GetInterceptionResponseSchema } from "@aibridge/proto";
import { adminCommand, printMessage } from "./admin-command.ts";
import { formatInterception } from "./format-interception.ts";

/** `aibridge interceptions show`: one interception with all its records. */
export const interceptionsShow = adminCommand(
  {
    name: "interceptions show",
    summary: "Show one interception with its tokens, prompt, tool calls and thoughts.",
    positionals: [
      { name: "ID", required: true, description: "Id of the interception, as interceptions list shows it." },
    ],
    flags: {},
  },
  async ({ values, positionals, usage, context }) => {
    const response = await usage.getInterception({ id: positionals[0] ?? "" });
    if (values.json) {
      printMessage(context, GetInterceptionResponseSchema, response);
      return;
    }
    context.stdout.write(formatInterception(response));
  },
);
