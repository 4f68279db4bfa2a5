import { readFileSync } from "node:fs";
import { MIN_KEY_LENGTH } from "@aibridge/proto/channel";
import { ConfigFileError, ConfigFileWatch, UnreadableConfigFile } from "@aibridge/proto/config-file";
import {
  type Environment,
  type ListenAddress,
  listenAddress,
  UsageError,
  type Values,
} from "@aibridge/proto/settings";
import type { ToolRules } from "../apis/tool-conversation.ts";
import type { RpcProtocol } from "../control/channels.ts";
import type { dataplaneCommand } from "./flags.ts";
import { keptGatewayId } from "./gateway-id.ts";
import { serviceUrlProblem, withoutTrailingSlashes } from "./service-url.ts";
import { checkListeners } from "./tls-settings.ts";
import { type TraceSettings, traceSettings } from "./trace-settings.ts";

/** The values of the command's flags. */
export type Flags = Values<(typeof dataplaneCommand)["flags"]>;

/** The flags, checked and in the form the gateway takes. */
export interface DataplaneSettings {
  readonly listen: ListenAddress;
  readonly adminListen: ListenAddress;
  /** URLs of the services. */
  readonly recorder: string;
  readonly actors: string;
  readonly toolPolicy: string;
  /** Undefined: the configuration comes from a file. */
  readonly configService: string | undefined;
  /** The configuration file, if there is one. */
  readonly configFile: ConfigFileWatch | undefined;
  readonly gatewayKey: string;
  readonly gatewayId: string;
  /** Folder of the spool. */
  readonly spool: string;
  readonly rpcProtocol: RpcProtocol;
  readonly toolRules: ToolRules;
  /** Where traces go; undefined where they are off. */
  readonly traces: TraceSettings | undefined;
}

const defaultKeyFile = "./data/gateway.key";

/** Checks the flags. Throws a UsageError that says what to do. */
export function dataplaneSettings(flags: Flags, env: Environment): DataplaneSettings {
  const insecure = flags["insecure-plaintext"];
  const listen = address("--listen", flags.listen);
  const adminListen = address("--admin-listen", flags["admin-listen"]);
  checkListeners(flags, { listen, admin: adminListen });
  const gatewayId = flags["gateway-id"] ?? gatewayIdIn(flags.spool);
  return {
    listen,
    adminListen,
    recorder: serviceUrl("--recorder", flags.recorder ?? flags.controlplane, insecure),
    actors: serviceUrl("--actors", flags.actors ?? flags.controlplane, insecure),
    toolPolicy: serviceUrl("--tool-policy", flags["tool-policy"] ?? flags.controlplane, insecure),
    configService: configService(flags, insecure),
    configFile: flags.config === undefined ? undefined : openConfig(flags.config, env),
    gatewayKey: gatewayKey(flags["gateway-key"]),
    gatewayId,
    spool: flags.spool,
    rpcProtocol: flags["rpc-protocol"] as RpcProtocol,
    toolRules: toolRules(flags["without-tool-rule"]),
    traces: traceSettings(flags, env, gatewayId),
  };
}

function toolRules(without: readonly string[]): ToolRules {
  return {
    dropsLooseThoughts: !without.includes("loose-thoughts"),
    dropsLooseReasoning: !without.includes("loose-reasoning"),
    answersMissedCalls: !without.includes("missed-calls"),
  };
}

function address(flag: string, text: string): ListenAddress {
  try {
    return listenAddress(text);
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`);
  }
}

function configService(flags: Flags, insecure: boolean): string | undefined {
  const given = flags["config-service"];
  if (flags.config === undefined)
    return serviceUrl("--config-service", given ?? flags.controlplane, insecure);
  if (given === undefined) return undefined;
  throw new UsageError(
    "--config and --config-service: the configuration comes from one of them, not from both",
  );
}

function serviceUrl(flag: string, text: string, insecure: boolean): string {
  const problem = serviceUrlProblem(text, insecure);
  if (problem !== undefined) throw new UsageError(`${flag}: ${problem}`);
  return withoutTrailingSlashes(text);
}

function openConfig(file: string, env: Environment): ConfigFileWatch {
  try {
    return new ConfigFileWatch({ file, env });
  } catch (error) {
    if (error instanceof ConfigFileError) throw new UsageError(error.message);
    if (error instanceof UnreadableConfigFile) throw new UsageError(`--config: ${error.message}`);
    throw error;
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
