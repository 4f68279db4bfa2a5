/** One thing that is wrong with a configuration file. */
export interface Problem {
  /** As given to the reader: "./aibridge.yaml". */
  readonly file: string;
  /** Counted from 1; undefined for a configuration that was never a text. */
  readonly line: number | undefined;
  /** Path of the key: "providers[0].base_url"; empty for the file as a whole. */
  readonly key: string;
  /** What was expected and what was found, without secrets. */
  readonly message: string;
}

/** A configuration file that cannot be used; its message holds one line for each problem, in the file's order. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const ordered = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    super(ordered.map(formatProblem).join("\n"));
    this.problems = ordered;
  }
}

function formatProblem({ file, line, key, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return key === "" ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}
