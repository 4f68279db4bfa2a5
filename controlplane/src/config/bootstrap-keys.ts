import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MIN_KEY_LENGTH, secretsEqual } from "@aibridge/proto/channel";
import { StartError } from "./start-error.ts";

const KEY_BYTES = 32;

/** A key that opens the control plane from the first start on. */
export interface BootstrapKey {
  readonly secret: string;
  /** File it is kept in; undefined if the operator gave it. */
  readonly file: string | undefined;
}

export interface BootstrapKeys {
  readonly gateway: BootstrapKey;
  readonly admin: BootstrapKey;
}

/**
 * The keys the operator gave, else those of the data folder, which are generated at the first start.
 * @throws StartError for keys that are too short, equal or unreadable
 */
export function bootstrapKeys(
  given: { gatewayKey?: string | undefined; adminKey?: string | undefined },
  dataFolder: string,
): BootstrapKeys {
  const gateway = bootstrapKey("gateway", given.gatewayKey, join(dataFolder, "gateway.key"));
  const admin = bootstrapKey("admin", given.adminKey, join(dataFolder, "admin.key"));
  if (secretsEqual(gateway.secret, admin.secret)) {
    throw new StartError("the gateway key and the admin key are the same: give each its own");
  }
  return { gateway, admin };
}

function bootstrapKey(name: string, given: string | undefined, file: string): BootstrapKey {
  if (given !== undefined) {
    checkLength(`the ${name} key`, given);
    return { secret: given, file: undefined };
  }
  const secret = readOrGenerate(file);
  checkLength(file, secret);
  return { secret, file };
}

function readOrGenerate(file: string): string {
  try {
    mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
    const secret = randomBytes(KEY_BYTES).toString("base64url");
    // "wx" makes the file only if there is none, so that two starts at once end up with one key.
    writeFileSync(file, `${secret}\n`, { flag: "wx", mode: 0o600 });
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return readKeyFile(file);
    }
    throw new StartError(`${file} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new StartError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function checkLength(what: string, secret: string): void {
  if (secret.length < MIN_KEY_LENGTH) {
    throw new StartError(`${what} has ${secret.length} characters; it needs at least ${MIN_KEY_LENGTH}`);
  }
  if (/[^\x21-\x7e]/.test(secret)) {
    throw new StartError(`${what} must consist of printable ASCII characters without spaces`);
  }
}
