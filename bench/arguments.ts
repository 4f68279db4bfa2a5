import { parseArgs } from "node:util";

/** What the command line of the bench asks for. */
export interface BenchArguments {
  /** Short rounds: the whole table in under two minutes. */
  readonly quick: boolean;
  /** One JSON document instead of the table. */
  readonly json: boolean;
  /** Only workloads whose name matches. */
  readonly only: RegExp;
  /** Folder for a CPU profile of the gateway; the rows are then dearer than they are without. */
  readonly profile: string | undefined;
}

/** A command line that cannot be read; the message says what is wrong in one sentence. */
export class BenchArgumentError extends Error {
  override readonly name = "BenchArgumentError";
}

export const HELP = `npm run bench -- [--quick] [--only REGEX] [--json] [--profile DIR]

Compares the gateway's CPU time and memory with those of a bare reverse proxy (bench/README.md).

  --quick         short rounds: everything in under two minutes
  --only REGEX    only workloads whose name matches, e.g. "messages", "200KB", "^chat stream"
  --json          one JSON document on standard output instead of the table
  --profile DIR   write a CPU profile of the gateway to DIR and print its dearest functions
  --help          this text
`;

/** Reads the command line; undefined if it asks for help. Throws a {@link BenchArgumentError}. */
export function readBenchArguments(argv: readonly string[]): BenchArguments | undefined {
  const values = parse(argv);
  if (values.help === true) return undefined;
  return {
    quick: values.quick === true,
    json: values.json === true,
    only: pattern(values.only ?? ""),
    profile: values.profile,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: "boolean" },
        json: { type: "boolean" },
        only: { type: "string" },
        profile: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new BenchArgumentError((error as Error).message);
  }
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new BenchArgumentError(`--only: ${(error as Error).message}`);
  }
}
