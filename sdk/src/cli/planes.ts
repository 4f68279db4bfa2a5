import type { CliCommand } from "./context.ts";
import { importPlane } from "./import-plane.ts";

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

/** A command that runs a plane in this process. */
export function planeCommand(name: string, summary: string, specifier: string): CliCommand {
  return {
    name,
    summary,
    async run(argv, { env, stderr }) {
      const plane = await importPlane<PlaneModule>(name, specifier, stderr);
      return plane === undefined ? 1 : plane.main(argv, env);
    },
  };
}
