import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Config, ProviderType } from "@aibridge/proto";
import { ConfigFileError, readConfigFile } from "@aibridge/proto/config-file";
import { UsageError } from "@aibridge/proto/settings";
import { dataFile, type StartOptions } from "./options.ts";
import { providerFile } from "./provider-file.ts";

/** File that is used if it is there and no other is given. */
const USUAL_FILE = "aibridge.yaml";

/** The configuration of this start. */
export interface ChosenConfig {
  /** Path of the file. */
  readonly file: string;
  /** Name of the first provider that speaks Anthropic Messages, if there is one. */
  readonly messagesProvider: string | undefined;
  /** Name of the first provider that speaks OpenAI's APIs, if there is one. */
  readonly openaiProvider: string | undefined;
}

/**
 * The user's configuration file, else one that is written for the provider keys of the environment.
 * @param simulate starts a simulated provider and returns its origin; called only if there is no other provider
 * @throws UsageError if the file cannot be used
 */
export async function chooseConfig(
  options: StartOptions,
  simulate: () => Promise<string>,
): Promise<ChosenConfig> {
  const file = options.config ?? (existsSync(USUAL_FILE) ? USUAL_FILE : await writeFile(options, simulate));
  const { providers } = readProviders(file, options);
  const first = (...types: ProviderType[]) =>
    providers.find(({ type, disabled }) => types.includes(type) && !disabled)?.name;
  return {
    file,
    messagesProvider: first(ProviderType.ANTHROPIC, ProviderType.BEDROCK),
    openaiProvider: first(ProviderType.OPENAI, ProviderType.OPENAI_COMPATIBLE),
  };
}

async function writeFile(options: StartOptions, simulate: () => Promise<string>): Promise<string> {
  const file = dataFile(options, USUAL_FILE);
  writeFileSync(file, await providerFile(options.env, simulate), { mode: 0o600 });
  return file;
}

function readProviders(file: string, { env }: StartOptions): Config {
  try {
    return readConfigFile(readFileSync(file, "utf8"), { file, env }).config;
  } catch (error) {
    if (error instanceof ConfigFileError) {
      throw new UsageError(error.message);
    }
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
}
