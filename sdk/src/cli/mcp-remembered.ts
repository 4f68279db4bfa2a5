import { McpPinning, type McpServer } from "@aibridge/proto";
import type { AdminClientOptions, GatewayClientOptions } from "../clients/index.ts";
import { createAdminClient, createConfigClient } from "../clients/index.ts";
import { listToolPins } from "./tool-pins.ts";

/** What the control plane remembers of tools, as the data plane's inspection takes it. */
export interface RememberedTools {
  readonly mode: "warn" | "block";
  readonly pins: readonly {
    readonly serverName: string;
    readonly serverUrl: string;
    readonly tool: string;
    readonly sha256: Uint8Array;
    readonly approved: boolean;
  }[];
}

/** What data planes are told to do with tools whose definitions changed. Rejects if there is no answer. */
export async function pinningMode(options: GatewayClientOptions): Promise<"off" | RememberedTools["mode"]> {
  const abort = new AbortController();
  // A time-out of the call's own would keep the process alive after the stream was left.
  const { timeoutMs, ...address } = options;
  const signals = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
  const call = { signal: AbortSignal.any([abort.signal, ...signals]) };
  try {
    const watch = createConfigClient(address).watchConfig({ gatewayId: "aibridge mcp list" }, call);
    for await (const { event } of watch) {
      if (event.case === "config") {
        const pinning = event.value.mcp?.pinning;
        return pinning === McpPinning.BLOCK ? "block" : pinning === McpPinning.WARN ? "warn" : "off";
      }
    }
    return "off";
  } finally {
    abort.abort();
  }
}

/** Reads what is remembered of the tools of these servers; nothing is remembered by that. */
export async function rememberedTools(
  options: AdminClientOptions,
  mode: RememberedTools["mode"],
  servers: readonly McpServer[],
): Promise<RememberedTools> {
  const admin = createAdminClient(options);
  const names = new Set(servers.map(({ name }) => name));
  const pins = await Promise.all([...names].map((serverName) => listToolPins(admin, { serverName })));
  return { mode, pins: pins.flat().map((pin) => ({ ...pin, approved: pin.approvedAt !== undefined })) };
}
