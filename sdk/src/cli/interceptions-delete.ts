import { DeleteInterceptionsResponseSchema } from "@aibridge/proto";
import { UsageError } from "@aibridge/proto/settings";
import { adminCommand, printMessage } from "./admin-command.ts";
import { formatCount } from "./format-values.ts";
import { parseTime } from "./parse-time.ts";
import { safeLine } from "./safe-text.ts";

/** `aibridge interceptions delete`: deletes what was recorded about a person. */
export const interceptionsDelete = adminCommand(
  {
    name: "interceptions delete",
    summary: "Delete an actor's interceptions with everything recorded about them, for good.",
    flags: {
      actor: { kind: "text", default: "", placeholder: "NAME", description: "Whose. Required." },
      before: {
        kind: "text",
        placeholder: "TIME",
        description: "Only those started before: 30d (that long ago) or 2026-11-22T08:00:00Z. Required.",
      },
      yes: { kind: "boolean", description: "Really delete. Without it, nothing is deleted." },
    },
  },
  async ({ values, admin, context }) => {
    const startedBefore = parseTime("before", values.before, context.now());
    if (values.actor === "" || startedBefore === undefined) {
      throw new UsageError("--actor and --before say what is deleted: give both");
    }
    if (!values.yes) {
      throw new UsageError(
        `this deletes everything recorded about ${values.actor} before ${values.before}, for good: add --yes to do it`,
      );
    }
    const response = await admin.deleteInterceptions({ actor: values.actor, startedBefore });
    if (values.json) {
      printMessage(context, DeleteInterceptionsResponseSchema, response);
      return;
    }
    const count = formatCount(response.deleted);
    context.stdout.write(`Deleted ${count} interceptions of ${safeLine(values.actor)}.\n`);
  },
);
