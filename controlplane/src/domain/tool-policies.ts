import { createHash } from "node:crypto";

/** An MCP server and the actors who get its tools ("*": everyone). */
export interface ServerRule<Server> {
  readonly server: Server;
  readonly actors: readonly string[];
}

/** The servers of an actor, in the order of the rules. */
export function serversOf<Server>(rules: readonly ServerRule<Server>[], actorId: string): Server[] {
  return rules
    .filter(({ actors }) => actors.includes("*") || actors.includes(actorId))
    .map(({ server }) => server);
}

/** A version that changes whenever the content does: SHA-256 of its parts, in hexadecimal. */
export function contentVersion(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(`${part.length}:`).update(part);
  }
  return hash.digest("hex");
}
