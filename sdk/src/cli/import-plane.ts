import type { CliContext } from "./context.ts";

/**
 * A module of a plane. Planes are found by name at run time: the SDK does not depend on them, and an installation may hold
 * only one.
 * @param plane "dataplane", for the message
 * @param specifier "@aibridge/dataplane/main"
 * @returns undefined if the plane is not installed, which the user has been told
 */
export async function importPlane<Module>(
  plane: string,
  specifier: string,
  stderr: CliContext["stderr"],
): Promise<Module | undefined> {
  try {
    return (await import(specifier)) as Module;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND" || !isAbout(error, specifier)) {
      throw error;
    }
    stderr.write(`aibridge: the ${plane} is not installed here: npm install ${packageName(specifier)}\n`);
    return undefined;
  }
}

function packageName(specifier: string): string {
  return specifier.split("/").slice(0, 2).join("/");
}

/** True if the missing module is the plane itself, not one of its own dependencies. */
function isAbout(error: unknown, specifier: string): boolean {
  const [missing = ""] = error instanceof Error ? error.message.split(" imported from ") : [];
  return missing.includes(packageName(specifier));
}
