import type { Environment } from "@aibridge/proto/settings";

/** What a command may touch of the process it runs in. */
export interface CliContext {
  readonly env: Environment;
  /** Takes what was asked for, and nothing else. */
  readonly stdout: { write(text: string): unknown };
  /** Takes errors and notes. */
  readonly stderr: { write(text: string): unknown };
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A command of the `aibridge` program. */
export interface CliCommand {
  /** Words after `aibridge`: "tokens create". */
  readonly name: string;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** Runs it with the arguments after its name. @returns the exit code */
  run(argv: readonly string[], context: CliContext): Promise<number>;
}
