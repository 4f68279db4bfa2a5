import type { ConnectOrder } from "../load-orders.ts";
import { providerPath, type Workload } from "../workloads.ts";
import { BenchChild } from "./bench-child.ts";

/** What is measured: a process that relays requests to the provider. */
export interface Target extends AsyncDisposable {
  readonly name: "base line" | "gateway";
  readonly pid: number;
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** What requests authenticate with. */
  readonly token: string;
  /** Path that a workload's requests go to. */
  path(workload: Workload): string;
}

/** Starts the base line in front of the provider. */
export async function startBaseLine(providerPort: number): Promise<Target> {
  const child = await BenchChild.start("base-line.ts", [`http://127.0.0.1:${providerPort}`]);
  return {
    name: "base line",
    pid: child.pid,
    port: child.port,
    token: "a-token-that-the-provider-does-not-look-at",
    path: providerPath,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** The order that connects the load generator to a target. */
export function connectOrder(target: Target, workload: Workload, connections: number): ConnectOrder {
  const { port, token } = target;
  return { kind: "connect", workload: workload.name, port, path: target.path(workload), token, connections };
}
