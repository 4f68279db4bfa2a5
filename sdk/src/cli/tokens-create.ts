import { formatDuration } from "@aibridge/proto/settings";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { adminCommand, printJson } from "./admin-command.ts";
import { formatTime } from "./format-values.ts";
import { safeLine } from "./safe-text.ts";

/** `aibridge tokens create`: makes a token and prints it, this once. */
export const tokensCreate = adminCommand(
  {
    name: "tokens create",
    summary: "Make a token for an actor; it is shown this once.",
    flags: {
      actor: { kind: "text", required: true, placeholder: "NAME", description: "Who it stands for: alice." },
      name: { kind: "text", default: "", placeholder: "TEXT", description: "What people call it: laptop." },
      ttl: {
        kind: "duration",
        description: "How long it is good for: 30d. Without it: until it is revoked.",
      },
    },
  },
  async ({ values, admin, context }) => {
    const ttl = values.ttl === undefined ? undefined : durationFromMs(values.ttl);
    const { secret, token } = await admin.createToken({ actor: values.actor, name: values.name, ttl });
    if (values.json) {
      printJson(context, { token: secret, id: token?.id ?? "", actor: token?.actor ?? "" });
      return;
    }
    const expiry =
      values.ttl === undefined
        ? "until it is revoked"
        : `for ${formatDuration(values.ttl)}, until ${formatTime(token?.expiresAt)}`;
    context.stderr.write(
      `Token ${token?.id} for ${safeLine(token?.actor ?? "")}, good ${expiry}. It is shown this once:\n`,
    );
    context.stdout.write(`${secret}\n`);
  },
);
