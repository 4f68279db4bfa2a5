import { join, resolve } from "node:path";
import {
  defineCommand,
  type Environment,
  type ListenAddress,
  listenAddress,
  UsageError,
  type Values,
} from "@aibridge/proto/settings";

/** Every setting of `npm start`; the addresses have the defaults of the planes. */
export const startCommand = defineCommand({
  name: "start",
  invocation: "npm start --",
  summary: "Try aibridge on this machine: a control plane and a data plane with SQLite.",
  flags: {
    listen: {
      kind: "text",
      placeholder: "HOST:PORT",
      default: "127.0.0.1:8080",
      description: "Where AI clients connect.",
    },
    "admin-listen": {
      kind: "text",
      placeholder: "HOST:PORT",
      default: "127.0.0.1:8081",
      description: "Health and metrics of the data plane.",
    },
    "controlplane-listen": {
      kind: "text",
      placeholder: "HOST:PORT",
      default: "127.0.0.1:9090",
      description: "Services of the control plane.",
    },
    "controlplane-admin-listen": {
      kind: "text",
      placeholder: "HOST:PORT",
      default: "127.0.0.1:9091",
      description: "Health and metrics of the control plane.",
    },
    data: {
      kind: "text",
      placeholder: "DIR",
      default: "./data",
      description: "Folder for database, keys, spool and logs; used again by the next start.",
    },
    config: {
      kind: "text",
      placeholder: "FILE",
      description:
        "Configuration file. Without it ./aibridge.yaml if there is one, else providers for\nANTHROPIC_API_KEY and OPENAI_API_KEY, else a simulated provider.",
    },
    "admin-key": {
      kind: "text",
      placeholder: "KEY",
      secret: true,
      description: "Admin key of the control plane. Without it one is generated in the data folder.",
    },
    "gateway-key": {
      kind: "text",
      placeholder: "KEY",
      secret: true,
      description: "Key between the planes. Without it one is generated in the data folder.",
    },
    "insecure-plaintext": {
      kind: "boolean",
      description: "Allow listeners that other machines can reach without TLS.",
    },
  },
});

/** The settings, checked. */
export interface StartOptions {
  readonly listen: ListenAddress;
  readonly adminListen: ListenAddress;
  readonly controlplaneListen: ListenAddress;
  readonly controlplaneAdminListen: ListenAddress;
  /** Data folder, absolute. */
  readonly data: string;
  /** Configuration file to use, undefined to look for one. */
  readonly config: string | undefined;
  /** Keys given by the user, undefined to have them generated. */
  readonly adminKey: string | undefined;
  readonly gatewayKey: string | undefined;
  readonly insecurePlaintext: boolean;
  readonly env: Environment;
}

/** Checks the flags. @throws UsageError */
export function startOptions(flags: Values<typeof startCommand.flags>, env: Environment): StartOptions {
  return {
    listen: address("listen", flags.listen),
    adminListen: address("admin-listen", flags["admin-listen"]),
    controlplaneListen: address("controlplane-listen", flags["controlplane-listen"]),
    controlplaneAdminListen: address("controlplane-admin-listen", flags["controlplane-admin-listen"]),
    data: resolve(flags.data),
    config: flags.config,
    adminKey: flags["admin-key"],
    gatewayKey: flags["gateway-key"],
    insecurePlaintext: flags["insecure-plaintext"],
    env,
  };
}

/** "127.0.0.1:8080", "[::1]:8080". */
export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** URL at which this machine reaches a listener. */
export function localUrl({ host, port }: ListenAddress): string {
  const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `http://${formatAddress({ host: reachable, port })}`;
}

/** Where a file of the data folder is. */
export function dataFile({ data }: StartOptions, name: string): string {
  return join(data, name);
}

function address(flag: string, text: string): ListenAddress {
  try {
    const parsed = listenAddress(text);
    if (parsed.port !== 0) {
      return parsed;
    }
  } catch (error) {
    throw new UsageError(`--${flag}: ${(error as Error).message}`);
  }
  // The planes and this process must agree on the port before any of them listens.
  throw new UsageError(`--${flag}: expected a port from 1 to 65535, found 0`);
}
