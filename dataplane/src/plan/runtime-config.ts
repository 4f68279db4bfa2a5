import {
  type Config,
  Durability,
  McpPinning,
  OnClientDisconnect,
  OnRecordFailure,
  type Provider,
} from "@aibridge/proto";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { maskCredential } from "../config/mask.ts";
import type { Pinning } from "../mcp/tool-pins.ts";
import { providerKinds } from "../upstream/providers/index.ts";
import type { PassthroughRoute, ProviderKind } from "../upstream/providers/kind.ts";
import { ConfigError } from "./config-error.ts";
import { type RuntimeIdentity, runtimeIdentity } from "./runtime-identity.ts";

export { ConfigError };

/** A central key with the form in which records show it. */
export interface ProviderKey {
  readonly secret: string;
  readonly hint: string;
}

/** One provider, ready for use. */
export interface RuntimeProvider {
  readonly name: string;
  readonly kind: ProviderKind;
  /** "https://api.openai.com" */
  readonly origin: string;
  /** Path of the base URL without a trailing slash: "/v1", "". */
  readonly basePath: string;
  /** Query of the base URL without "?": "api-version=2", "". */
  readonly baseQuery: string;
  readonly keys: readonly ProviderKey[];
  readonly sendActorHeaders: boolean;
  readonly maxRetries: number;
  readonly includeUsage: boolean;
  readonly allowStoredState: boolean;
  /** The kind's pass-through routes and the configured ones. */
  readonly passthrough: readonly PassthroughRoute[];
  /** Why requests are refused; undefined if they are not. */
  readonly disabled: string | undefined;
}

/** What a data plane works by, from one Config: frozen, in plain units. */
export interface RuntimeConfig {
  readonly version: string;
  readonly providers: ReadonlyMap<string, RuntimeProvider>;
  readonly identity: RuntimeIdentity;
  readonly limits: {
    readonly bodyBytes: number;
    readonly bufferedBytes: number;
    readonly concurrency: number;
    readonly perActorConcurrency: number;
  };
  readonly timeouts: {
    readonly connectMs: number;
    readonly firstByteMs: number;
    readonly idleMs: number;
    readonly clientBodyMs: number;
  };
  readonly recording: {
    readonly durability: "process" | "disk" | "recorder";
    readonly pass: boolean;
    readonly spoolMaxBytes: number;
    readonly maxContentBytes: number;
    readonly prompts: boolean;
    readonly thoughts: boolean;
    readonly toolInputs: boolean;
  };
  readonly mcp: {
    readonly maxTurns: number;
    readonly concurrency: number;
    readonly callTimeoutMs: number;
    readonly discoveryBudgetMs: number;
    readonly pinning: Pinning;
  };
  readonly drainOnDisconnect: boolean;
}

/** Checks and converts a Config. Throws a ConfigError; the caller keeps the last good one. */
export function runtimeConfig(config: Config): RuntimeConfig {
  const providers = new Map<string, RuntimeProvider>();
  for (const provider of config.providers) {
    if (providers.has(provider.name)) throw new ConfigError(`provider ${provider.name} is configured twice`);
    providers.set(provider.name, runtimeProvider(provider));
  }
  const { limits, timeouts, recording, identity, mcp } = config;
  return Object.freeze({
    version: config.version,
    providers,
    identity: runtimeIdentity(identity),
    limits: {
      bodyBytes: count(limits?.bodyBytes, 32 * 1024 * 1024),
      bufferedBytes: count(limits?.bufferedBytes, 512 * 1024 * 1024),
      concurrency: count(limits?.concurrency, 2000),
      perActorConcurrency: count(limits?.perActorConcurrency, 100),
    },
    timeouts: {
      connectMs: milliseconds(timeouts?.connect, 10_000),
      firstByteMs: milliseconds(timeouts?.firstByte, 600_000),
      idleMs: milliseconds(timeouts?.idle, 300_000),
      clientBodyMs: milliseconds(timeouts?.clientBody, 60_000),
    },
    recording: {
      durability: durabilities.get(recording?.durability ?? Durability.PROCESS) ?? "process",
      pass: recording?.onFailure === OnRecordFailure.PASS,
      spoolMaxBytes: count(recording?.spoolMaxBytes, defaultSpoolBytes),
      maxContentBytes: Math.min(count(recording?.maxContentBytes, 1024 * 1024), longestContentBytes),
      prompts: recording?.prompts ?? true,
      thoughts: recording?.thoughts ?? true,
      toolInputs: recording?.toolInputs ?? true,
    },
    mcp: {
      maxTurns: count(mcp?.maxTurns, 20),
      concurrency: count(mcp?.concurrency, 10),
      callTimeoutMs: milliseconds(mcp?.callTimeout, 60_000),
      discoveryBudgetMs: milliseconds(mcp?.discoveryBudget, 2_000),
      pinning: pinnings.get(mcp?.pinning ?? McpPinning.OFF) ?? "off",
    },
    drainOnDisconnect: config.onClientDisconnect === OnClientDisconnect.DRAIN,
  });
}

/** Size of the spool where nothing is configured. */
export const defaultSpoolBytes = 4 * 1024 * 1024 * 1024;

const pinnings = new Map<McpPinning, Pinning>([
  [McpPinning.WARN, "warn"],
  [McpPinning.BLOCK, "block"],
]);

const durabilities = new Map<Durability, RuntimeConfig["recording"]["durability"]>([
  [Durability.PROCESS, "process"],
  [Durability.DISK, "disk"],
  [Durability.RECORDER, "recorder"],
]);

/** A record may have 2 MiB in all; this leaves room for what is beside its text. */
const longestContentBytes = 2 * 1024 * 1024 - 64 * 1024;

/** Node's timers take no more, and fire at once instead: about 24.8 days. */
const longestTimerMs = 2 ** 31 - 1;

const providerName = /^[a-z0-9]+(-[a-z0-9]+)*$/;

function runtimeProvider(provider: Provider): RuntimeProvider {
  if (!providerName.test(provider.name))
    throw new ConfigError(`provider name ${JSON.stringify(provider.name)} must match ${providerName.source}`);
  const kind = providerKinds.get(provider.type);
  const base = baseUrl(provider);
  return Object.freeze({
    name: provider.name,
    kind: kind ?? unsupportedKind,
    origin: base.origin,
    basePath: base.pathname.replace(/\/+$/, ""),
    baseQuery: base.search.slice(1),
    keys: provider.keys.map((key) => providerKey(provider, key)),
    sendActorHeaders: provider.sendActorHeaders,
    maxRetries: provider.maxRetries,
    includeUsage: provider.includeUsage,
    allowStoredState: provider.allowStoredState,
    passthrough: [
      ...(kind?.passthrough ?? []),
      ...provider.passthrough.map((text) => extraRoute(provider, text)),
    ],
    disabled: disabledBecause(provider, kind),
  });
}

/** Stands in for a type this version cannot serve: its routes exist only to be answered 503. */
const unsupportedKind: ProviderKind = {
  type: "unsupported",
  intercepted: [],
  passthrough: [],
  mount: "",
  byokOnly: true,
  errorShape: "messages",
  keyHeader: () => ["authorization", ""],
};

function disabledBecause(provider: Provider, kind: ProviderKind | undefined): string | undefined {
  if (kind === undefined)
    return `the type of provider ${provider.name} is not supported by this version of the gateway`;
  if (provider.disabled) return `provider ${provider.name} is switched off by its administrator`;
  return undefined;
}

function providerKey(provider: Provider, text: string): ProviderKey {
  // Files and environment variables often end with a line feed, which no header can carry.
  const secret = text.trim();
  if (!/^[\x21-\x7e]+$/.test(secret))
    throw new ConfigError(
      `provider ${provider.name}: a key is empty or has characters that no header can carry`,
    );
  return { secret, hint: maskCredential(secret) };
}

function baseUrl(provider: Provider): URL {
  let url: URL;
  try {
    url = new URL(provider.baseUrl);
  } catch {
    throw new ConfigError(`provider ${provider.name}: base_url is not a URL`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new ConfigError(`provider ${provider.name}: base_url must start with http:// or https://`);
  if (url.username !== "" || url.password !== "")
    throw new ConfigError(`provider ${provider.name}: base_url must not contain credentials`);
  return url;
}

function extraRoute(provider: Provider, text: string): PassthroughRoute {
  const match = /^([A-Z]+) (\/\S*)$/.exec(text);
  if (match === null)
    throw new ConfigError(`provider ${provider.name}: passthrough entries look like "POST /v1/embeddings"`);
  return { methods: [match[1] as string], path: match[2] as string };
}

function milliseconds(duration: Duration | undefined, otherwise: number): number {
  return duration === undefined ? otherwise : Math.min(durationMs(duration), longestTimerMs);
}

function count(value: number | bigint | undefined, otherwise: number): number {
  return value === undefined || Number(value) === 0 ? otherwise : Number(value);
}
