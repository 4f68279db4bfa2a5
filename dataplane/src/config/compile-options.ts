import { resolve } from "node:path";
import { type Config, ConfigSchema } from "@aibridge/proto";
import { MIN_KEY_LENGTH, uuidv7, type WatchedCertificates } from "@aibridge/proto/channel";
import { type ConfigObject, configVersion, readConfigObject } from "@aibridge/proto/config-file";
import { clone, isMessage } from "@bufbuild/protobuf";
import { pino } from "pino";
import type { ToolRules } from "../apis/tool-conversation.ts";
import type { RpcProtocol } from "../control/channels.ts";
import type { ActorFunctions } from "../control/in-process-actors.ts";
import type { RecorderFunctions } from "../record/in-process-recorder.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { OptionError } from "./option-error.ts";
import type { GatewayOptions } from "./options.ts";
import { serviceUrlProblem, withoutTrailingSlashes } from "./service-url.ts";

/** Options that are checked and complete. */
export interface CompiledOptions {
  /** A text is a URL. */
  readonly recorder: string | RecorderFunctions;
  /** A text is a URL. */
  readonly actors: string | ActorFunctions;
  /** Undefined: nobody gets central tools. */
  readonly toolPolicy: string | undefined;
  readonly toolRules: ToolRules;
  /** Undefined: the configuration is given. */
  readonly configService: string | undefined;
  /** Undefined: the configuration service sends it. */
  readonly config: Config | undefined;
  /** Empty if no service has a URL. Secret. */
  readonly gatewayKey: string;
  readonly gatewayId: string;
  /** Folder of the spool; undefined: records are kept in memory. */
  readonly spool: string | undefined;
  readonly rpcProtocol: RpcProtocol;
  readonly certificates: WatchedCertificates | undefined;
  /** Without a slash at the end: "/ai", "". */
  readonly basePath: string;
  readonly log: Logger;
  /** Undefined: there are no traces. */
  readonly tracing: Tracing | undefined;
  readonly metrics: { readonly prefix: string; readonly initiator: boolean; readonly process: boolean };
}

/**
 * Checks options and fills in their defaults.
 * @throws OptionError; ConfigFileError for a wrong `config`
 */
export function compileOptions(options: GatewayOptions): CompiledOptions {
  const { metrics } = options;
  const services = compileServices(options);
  return Object.freeze({
    ...services,
    toolRules: options.toolRules ?? {},
    config: options.config && compileConfig(options.config),
    gatewayKey: gatewayKey(options, Object.values(services)),
    gatewayId: options.gatewayId ?? `gw-${uuidv7()}`,
    spool: spool(options.spool),
    rpcProtocol: options.rpcProtocol ?? "grpc",
    certificates: options.certificates,
    basePath: basePath(options.basePath ?? ""),
    log: options.log ?? pino({ level: "silent" }),
    tracing: options.tracing,
    metrics: {
      prefix: metrics?.prefix ?? "aibridge_",
      initiator: metrics?.initiator ?? false,
      process: metrics?.process ?? false,
    },
  });
}

/**
 * A configuration as the gateway takes it: a Config message with its version.
 * @throws ConfigFileError for an object that is not a valid configuration
 */
export function compileConfig(config: ConfigObject | Config): Config {
  if (!isMessage(config, ConfigSchema)) return readConfigObject(config, "config").config;
  if (config.version !== "") return config;
  const versioned = clone(ConfigSchema, config);
  versioned.version = configVersion(config);
  return versioned;
}

function compileServices(options: GatewayOptions) {
  const { controlPlane, config } = options;
  if (config !== undefined && options.configService !== undefined)
    throw new OptionError("configService", "not together with config: the configuration has one source");
  const recorder = options.recorder ?? controlPlane;
  if (recorder === undefined)
    throw new OptionError(
      "recorder",
      "needed: the URL of a RecorderService, or an object with the six functions",
    );
  const actors = options.actors ?? controlPlane;
  if (actors === undefined)
    throw new OptionError("actors", "needed: the URL of an ActorService, or an object with resolveActor");
  const configService = config === undefined ? (options.configService ?? controlPlane) : undefined;
  if (config === undefined && configService === undefined)
    throw new OptionError(
      "config",
      "needed: a configuration, or configService with the URL of a ConfigService",
    );
  checkFunctions("recorder", recorder, recorderFunctions);
  checkFunctions("actors", actors, actorFunctions);
  return {
    recorder: checkUrl("recorder", recorder, options),
    actors: checkUrl("actors", actors, options),
    toolPolicy: checkUrl("toolPolicy", options.toolPolicy ?? controlPlane, options),
    configService: checkUrl("configService", configService, options),
  };
}

const recorderFunctions: readonly (keyof RecorderFunctions)[] = [
  "recordInterception",
  "recordInterceptionEnded",
  "recordTokenUsage",
  "recordPromptUsage",
  "recordToolUsage",
  "recordModelThought",
];
const actorFunctions: readonly (keyof ActorFunctions)[] = ["resolveActor"];

/** A function that is missing would otherwise be noticed at the first record of its kind. */
function checkFunctions<T extends object>(
  option: string,
  service: string | T,
  names: readonly (keyof T & string)[],
): void {
  if (typeof service === "string") return;
  const missing = names.filter((name) => typeof service[name] !== "function");
  if (missing.length > 0) throw new OptionError(option, `needs the functions ${missing.join(", ")}`);
}

/** What is no URL passes as it is. */
function checkUrl<T>(option: string, service: T, { insecurePlaintext = false }: GatewayOptions): T {
  if (typeof service !== "string") return service;
  const problem = serviceUrlProblem(service, insecurePlaintext);
  if (problem !== undefined) throw new OptionError(option, problem);
  return withoutTrailingSlashes(service) as T & string;
}

function gatewayKey({ gatewayKey: key = "" }: GatewayOptions, services: readonly unknown[]): string {
  const needed = services.some((service) => typeof service === "string");
  if (needed && key.length < MIN_KEY_LENGTH)
    throw new OptionError(
      "gatewayKey",
      `services with a URL need the gateway key, which has at least ${MIN_KEY_LENGTH} characters`,
    );
  return key;
}

function basePath(given: string): string {
  const path = given.replace(/\/+$/, "");
  if (path === "" || /^(?:\/[A-Za-z0-9._~-]+)+$/.test(path)) return path;
  throw new OptionError("basePath", `expected a plain path such as /ai, found "${given}"`);
}

function spool(folder: string | undefined): string | undefined {
  if (folder === "") throw new OptionError("spool", "expected the path of a folder, found an empty text");
  return folder === undefined ? undefined : resolve(folder);
}
