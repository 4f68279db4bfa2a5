import { readFileSync } from "node:fs";
import type { Config } from "@aibridge/proto";
import { MIN_KEY_LENGTH, plaintextProblem } from "@aibridge/proto/channel";
import { ConfigFileError, readConfigFile } from "@aibridge/proto/config-file";
import {
  type Environment,
  isLoopback,
  type ListenAddress,
  listenAddress,
  UsageError,
  type Values,
} from "@aibridge/proto/settings";
import type { RpcProtocol, ServiceUrls } from "../control/channels.ts";
import type { dataplaneCommand } from "./flags.ts";
import { keptGatewayId } from "./gateway-id.ts";

type Flags = Values<(typeof dataplaneCommand)["flags"]>;

/** The flags, checked and in the form the gateway takes. */
export interface DataplaneSettings {
  readonly listen: ListenAddress;
  readonly adminListen: ListenAddress;
  readonly urls: ServiceUrls;
  readonly config: Config | undefined;
  readonly gatewayKey: string;
  readonly gatewayId: string;
  readonly rpcProtocol: RpcProtocol;
}

const defaultKeyFile = "./data/gateway.key";

/** Checks the flags. Throws a UsageError that says what to do. */
export function dataplaneSettings(flags: Flags, env: Environment): DataplaneSettings {
  const insecure = flags["insecure-plaintext"];
  return {
    listen: address("--listen", flags.listen, insecure),
    adminListen: address("--admin-listen", flags["admin-listen"], true),
    urls: {
      recorder: serviceUrl("--recorder", flags.recorder ?? flags.controlplane, insecure),
      actors: serviceUrl("--actors", flags.actors ?? flags.controlplane, insecure),
      config:
        flags.config === undefined
          ? serviceUrl("--config-service", flags["config-service"] ?? flags.controlplane, insecure)
          : undefined,
    },
    config: flags.config === undefined ? undefined : readConfig(flags.config, env),
    gatewayKey: gatewayKey(flags["gateway-key"]),
    gatewayId: flags["gateway-id"] ?? gatewayIdIn(flags.spool),
    rpcProtocol: flags["rpc-protocol"] as RpcProtocol,
  };
}

function address(flag: string, text: string, plaintextAllowed: boolean): ListenAddress {
  let parsed: ListenAddress;
  try {
    parsed = listenAddress(text);
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`);
  }
  if (!plaintextAllowed && !isLoopback(parsed.host))
    throw new UsageError(
      `${flag} ${text} would take tokens unencrypted from the network: listen on 127.0.0.1 behind a TLS proxy, or allow it with --insecure-plaintext`,
    );
  return parsed;
}

function serviceUrl(flag: string, text: string, insecure: boolean): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new UsageError(`${flag}: expected a URL such as http://127.0.0.1:9090, found "${text}"`);
  const problem = insecure ? undefined : plaintextProblem(text);
  if (problem !== undefined) throw new UsageError(`${flag}: ${problem}`);
  return text.replace(/\/+$/, "");
}

function readConfig(file: string, env: Environment): Config {
  try {
    return readConfigFile(readFileSync(file, "utf8"), { file, env }).config;
  } catch (error) {
    if (error instanceof ConfigFileError) throw new UsageError(error.message);
    throw new UsageError(
      `--config: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
    );
  }
}

function gatewayKey(given: string | undefined): string {
  const key = given ?? keyFromFile();
  if (key.length >= MIN_KEY_LENGTH) return key;
  throw new UsageError(
    `the gateway key has fewer than ${MIN_KEY_LENGTH} characters: it cannot be a real one`,
  );
}

function keyFromFile(): string {
  try {
    return readFileSync(defaultKeyFile, "utf8").trim();
  } catch {
    throw new UsageError(
      `a gateway key is needed: give --gateway-key, AIBRIDGE_GATEWAY_KEY or AIBRIDGE_GATEWAY_KEY_FILE (the control plane prints where its key file is; ${defaultKeyFile} was not found)`,
    );
  }
}

function gatewayIdIn(spool: string): string {
  try {
    return keptGatewayId(spool);
  } catch (error) {
    throw new UsageError(
      `--spool: folder ${spool} cannot be used (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
    );
  }
}
