import { nearest, UsageError } from "@aibridge/proto/settings";
import packageJson from "../../package.json" with { type: "json" };
import { conformanceRecorder } from "./conformance-recorder.ts";
import type { CliCommand, CliContext } from "./context.ts";
import { gatewayKeysCreate } from "./gateway-keys-create.ts";
import { gatewayKeysList } from "./gateway-keys-list.ts";
import { gatewayKeysRevoke } from "./gateway-keys-revoke.ts";
import { interceptionsDelete } from "./interceptions-delete.ts";
import { interceptionsList } from "./interceptions-list.ts";
import { interceptionsShow } from "./interceptions-show.ts";
import { mcpApprove } from "./mcp-approve.ts";
import { mcpList } from "./mcp-list.ts";
import { controlplane, dataplane } from "./planes.ts";
import { safeBlock, safeLine } from "./safe-text.ts";
import { tokensCreate } from "./tokens-create.ts";
import { tokensList } from "./tokens-list.ts";
import { tokensRevoke } from "./tokens-revoke.ts";
import { usage } from "./usage.ts";

const COMMANDS: readonly CliCommand[] = [
  controlplane,
  dataplane,
  tokensCreate,
  tokensList,
  tokensRevoke,
  gatewayKeysCreate,
  gatewayKeysList,
  gatewayKeysRevoke,
  interceptionsList,
  interceptionsShow,
  interceptionsDelete,
  usage,
  mcpList,
  mcpApprove,
  conformanceRecorder,
];

/**
 * Runs the `aibridge` program.
 * @param argv arguments after the program's name
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong command line
 */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const command = COMMANDS.find(({ name }) => startsWith(argv, name.split(" ")));
  if (command === undefined) {
    return runWithoutCommand(argv, context);
  }
  try {
    return await command.run(argv.slice(command.name.split(" ").length), context);
  } catch (error) {
    if (error instanceof UsageError) {
      context.stderr.write(`aibridge: ${safeLine(error.message)}\n`);
      return error.exitCode;
    }
    // A mistake in this program: whoever mends it needs to know where.
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.stderr.write(`aibridge: unexpected error: ${safeBlock(trace)}\n`);
    return 1;
  }
}

function runWithoutCommand(argv: readonly string[], { stdout, stderr }: CliContext): number {
  const [first] = argv;
  if (first === "--version") {
    stdout.write(`${packageJson.version}\n`);
    return 0;
  }
  const words = argv.filter((argument) => !argument.startsWith("-"));
  const asksForHelp = argv.includes("--help") || argv.includes("-h");
  const group = words.length <= 1 ? COMMANDS.filter(({ name }) => name.startsWith(`${words[0] ?? ""} `)) : [];
  if (asksForHelp && (words.length === 0 || group.length > 0)) {
    stdout.write(overview(group.length > 0 ? group : COMMANDS));
    return 0;
  }
  if (group.length > 0) {
    const names = group.map(({ name }) => name).join(", ");
    stderr.write(`aibridge: ${words[0]} alone is no command; there are ${names}\n`);
    return 2;
  }
  stderr.write(first === undefined ? overview(COMMANDS) : `aibridge: ${unknownCommand(argv, words)}\n`);
  return 2;
}

function unknownCommand(argv: readonly string[], words: readonly string[]): string {
  const [first = ""] = argv;
  if (first.startsWith("-")) {
    return `unknown flag ${first.split("=", 1)[0]}: flags follow the command; see aibridge --help`;
  }
  const names = COMMANDS.map(({ name }) => name);
  const groups = new Set(names.map((name) => name.split(" ", 1)[0] ?? name));
  const written = words.slice(0, 2).join(" ");
  const guess = nearest(written, names) ?? nearest(words[0] ?? "", groups);
  return `unknown command "${written}"; ${guess === undefined ? "see" : `did you mean aibridge ${guess}? See`} aibridge --help`;
}

function overview(commands: readonly CliCommand[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: aibridge COMMAND [flags]

Commands:
${lines.join("\n")}

aibridge COMMAND --help shows the flags of a command; each has an environment variable.
aibridge --version prints the version.
`;
}

function startsWith(argv: readonly string[], words: readonly string[]): boolean {
  return words.every((word, index) => argv[index] === word);
}
