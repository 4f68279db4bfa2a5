import type { CliCommand } from "./context.ts";

/** `aibridge controlplane`. */
export const controlplane = planeCommand(
  "controlplane",
  "Run the control plane: services and store.",
  "@aibridge/controlplane/main",
);

/** `aibridge dataplane`. */
export const dataplane = planeCommand(
  "dataplane",
  "Run a data plane: the gateway itself.",
  "@aibridge/dataplane/main",
);

/** What the main module of a plane exports; it reads its own flags and answers its own --help. */
interface PlaneModule {
  main(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number>;
}

/**
 * A command that runs a plane in this process. Planes are found by name at run time: the SDK does not depend on them,
 * and an installation may hold only one.
 */
export function planeCommand(name: string, summary: string, specifier: string): CliCommand {
  return {
    name,
    summary,
    async run(argv, { env, stderr }) {
      let plane: PlaneModule;
      try {
        plane = (await import(specifier)) as PlaneModule;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND" || !isAbout(error, specifier)) {
          throw error;
        }
        stderr.write(`aibridge: the ${name} is not installed here: npm install ${packageName(specifier)}\n`);
        return 1;
      }
      return plane.main(argv, env);
    },
  };
}

function packageName(specifier: string): string {
  return specifier.split("/").slice(0, 2).join("/");
}

/** True if the missing module is the plane itself, not one of its own dependencies. */
function isAbout(error: unknown, specifier: string): boolean {
  const [missing = ""] = error instanceof Error ? error.message.split(" imported from ") : [];
  return missing.includes(packageName(specifier));
}
