import type { AdminService, ToolPin } from "@aibridge/proto";
import type { Client } from "@connectrpc/connect";
import { followPages } from "./pages.ts";

/** Definitions of tools that the control plane remembers, by server, URL and tool, oldest first. */
export async function listToolPins(
  admin: Client<typeof AdminService>,
  filter: { readonly serverName?: string; readonly waitingOnly?: boolean },
): Promise<readonly ToolPin[]> {
  const { rows } = await followPages(Number.POSITIVE_INFINITY, async (pageSize, pageToken) => {
    const { toolPins, nextPageToken } = await admin.listToolPins({ ...filter, pageSize, pageToken });
    return { rows: toolPins, nextPageToken };
  });
  return rows;
}

/** SHA-256 in hexadecimal. */
export function pinDigest({ sha256 }: Pick<ToolPin, "sha256">): string {
  return Buffer.from(sha256).toString("hex");
}
