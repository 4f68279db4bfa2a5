import type { z } from "zod";
import { ConfigFileError } from "./config-file-error.ts";
import { type ConfigFile, toConfigFile } from "./read-config-file.ts";
import { fileSchema } from "./schema.ts";
import { toProblems } from "./schema-problems.ts";

/** A configuration as a plain object with the keys of `aibridge.yaml`. Values are checked when it is read. */
export type ConfigObject = z.input<typeof fileSchema>;

/**
 * Reads a configuration that a program gives as a plain object. Texts are taken as they are: `${NAME}` is not replaced.
 * @param name stands in messages where a file's path would: "config"
 * @throws ConfigFileError with everything that is wrong with it
 */
export function readConfigObject(content: ConfigObject, name: string): ConfigFile {
  const result = fileSchema.safeParse(content);
  if (result.success) return toConfigFile(result.data);
  const source = { content, isExpanded: () => false, lineOf: () => undefined };
  throw new ConfigFileError(result.error.issues.flatMap((issue) => toProblems(issue, name, source)));
}
