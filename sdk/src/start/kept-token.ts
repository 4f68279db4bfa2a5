import { readFileSync, writeFileSync } from "node:fs";
import type { AdminService } from "@aibridge/proto";
import type { Client } from "@connectrpc/connect";

const TOKEN_NAME = "npm start";

/**
 * A token for trying aibridge out: the one an earlier start left in `file`, while it is good, so that pasted lines go
 * on working; else a new one.
 * @param file where the token is kept, readable by this user alone
 */
export async function keptToken(
  admin: Client<typeof AdminService>,
  file: string,
  actor: string,
): Promise<string> {
  const kept = readKept(file);
  if (kept !== undefined && (await isGood(admin, kept.id, actor))) {
    return kept.secret;
  }
  const { secret, token } = await admin.createToken({ actor, name: TOKEN_NAME });
  writeFileSync(file, `${JSON.stringify({ id: token?.id, secret })}\n`, { mode: 0o600 });
  return secret;
}

function readKept(file: string): { id: string; secret: string } | undefined {
  try {
    const { id, secret } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return typeof id === "string" && typeof secret === "string" ? { id, secret } : undefined;
  } catch {
    // No file yet, or one that was cut short: a new token takes its place.
    return undefined;
  }
}

async function isGood(admin: Client<typeof AdminService>, id: string, actor: string): Promise<boolean> {
  let pageToken = "";
  do {
    const page = await admin.listTokens({ actor, pageSize: 1000, pageToken });
    const found = page.tokens.find((token) => token.id === id);
    if (found !== undefined) {
      return found.revokedAt === undefined;
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return false;
}
