import type { AdminService, UsageService } from "@aibridge/proto";
import { type Command, type Flag, readCommandLine, type Values } from "@aibridge/proto/settings";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { createAdminClient, createUsageClient } from "../clients/index.ts";
import { ADMIN_FLAGS, adminConnection } from "./admin-connection.ts";
import type { CliCommand, CliContext } from "./context.ts";
import { describeRpcError } from "./describe-rpc-error.ts";

type AdminFlags = typeof ADMIN_FLAGS;

/** What a command that talks to the control plane works with. */
export interface AdminRun<F extends Record<string, Flag>> {
  readonly values: Values<F & AdminFlags>;
  readonly positionals: readonly string[];
  readonly admin: Client<typeof AdminService>;
  readonly usage: Client<typeof UsageService>;
  readonly context: CliContext;
}

/**
 * A command that talks to the control plane: adds {@link ADMIN_FLAGS}, answers --help, connects, and turns failed calls
 * into one line.
 */
export function adminCommand<const F extends Record<string, Flag>>(
  command: Command<F>,
  run: (run: AdminRun<F>) => Promise<void>,
): CliCommand {
  const complete: Command<F & AdminFlags> = { ...command, flags: { ...command.flags, ...ADMIN_FLAGS } };
  return {
    name: command.name,
    summary: command.summary,
    async run(argv, context) {
      const line = readCommandLine(complete, argv, context.env);
      if (line.help) {
        context.stdout.write(line.text);
        return 0;
      }
      const connection = adminConnection(line.values as Values<AdminFlags>);
      try {
        const admin = createAdminClient(connection);
        const usage = createUsageClient(connection);
        await run({ values: line.values, positionals: line.positionals, admin, usage, context });
        return 0;
      } catch (error) {
        context.stderr.write(`aibridge: ${describeRpcError(error, connection.url)}\n`);
        return 1;
      }
    },
  };
}

/** Prints one JSON document. */
export function printJson(context: CliContext, document: unknown): void {
  context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

/** Prints a message as canonical protobuf JSON, members with their implicit values included. */
export function printMessage<Desc extends DescMessage>(
  context: CliContext,
  schema: Desc,
  message: MessageShape<Desc>,
): void {
  printJson(context, toJson(schema, message, { alwaysEmitImplicit: true }));
}
