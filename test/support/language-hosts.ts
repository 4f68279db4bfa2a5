import { execFile, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const repository = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** An example host of one language. All take the same flags and make the same tables. */
export interface LanguageHost {
  readonly language: string;
  /** Why it cannot run here; undefined if it can. */
  readonly missing: string | undefined;
  /** Makes it ready to run, with files in the given folder; what it needs is downloaded. */
  prepare(folder: string): Promise<HostCommand>;
}

/** How a host is started. */
export interface HostCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const go = find(["go", "/usr/local/go/bin/go"], ["version"]);
const python = find(
  ["python3", "python3.13", "python3.12", "python3.11"],
  ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
);

export const languageHosts: readonly LanguageHost[] = [
  {
    language: "TypeScript",
    missing: undefined,
    prepare: async () => ({
      file: process.execPath,
      args: [join(repository, "examples/recorder-host-typescript/main.ts")],
      env: {},
    }),
  },
  {
    language: "Go",
    missing: go === undefined ? "there is no go here" : undefined,
    prepare: async (folder) => {
      const file = join(folder, "recorderhost");
      await run(String(go), ["build", "-o", file, "./examples/recorderhost"], {
        cwd: join(repository, "sdk/go"),
      });
      return { file, args: [], env: {} };
    },
  },
  {
    language: "Python",
    missing: python === undefined ? "there is no Python 3.11 or later here" : undefined,
    prepare: async (folder) => {
      const environment = join(folder, "python");
      await run(String(python), ["-m", "venv", environment]);
      const file = join(environment, "bin/python");
      await run(file, ["-m", "pip", "install", "--quiet", join(repository, "sdk/python")]);
      return { file, args: [join(repository, "sdk/python/examples/recorder_host.py")], env: {} };
    },
  },
];

/** The first of the programs that runs with these arguments and succeeds. */
function find(programs: readonly string[], args: readonly string[]): string | undefined {
  return programs.find((program) => spawnSync(program, args).status === 0);
}
