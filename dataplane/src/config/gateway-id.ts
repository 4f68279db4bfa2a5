import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { uuidv7 } from "@aibridge/proto/channel";

/** The id kept in the spool folder; made at random, with the folder, at the first start. */
export function keptGatewayId(spoolFolder: string): string {
  mkdirSync(spoolFolder, { recursive: true, mode: 0o700 });
  const file = join(spoolFolder, "gateway-id");
  try {
    const kept = readFileSync(file, "utf8").trim();
    if (kept !== "") return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const id = `gw-${uuidv7()}`;
  writeFileSync(file, `${id}\n`, { mode: 0o600 });
  return id;
}
