import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import {
  BedrockSchema,
  CircuitBreakerSchema,
  type Config,
  ConfigSchema,
  IdentitySchema,
  LimitsSchema,
  McpSettingsSchema,
  type Provider,
  ProviderSchema,
  RecordingSchema,
  TimeoutsSchema,
} from "../../gen/aibridge/v1/config_pb.ts";
import type { FileEntries } from "./schema.ts";
import type { IdentityEntry } from "./schema-identity.ts";
import { baseUrl, type ProviderEntry } from "./schema-provider.ts";

/** The Config message of a file, with its version. */
export function toConfig(entries: FileEntries): Config {
  const config = create(ConfigSchema, {
    providers: entries.providers.map(toProvider),
    identity: toIdentity(entries.identity),
    limits: toLimits(entries.limits),
    timeouts: toTimeouts(entries.timeouts),
    recording: toRecording(entries.recording),
    mcp: toMcpSettings(entries.mcp),
    onClientDisconnect: entries.on_client_disconnect,
  });
  config.version = configVersion(config);
  return config;
}

/** The SHA-256 of a configuration's content in hexadecimal. */
export function configVersion(config: Config): string {
  const content = { ...config, version: "" };
  return createHash("sha256").update(toBinary(ConfigSchema, content)).digest("hex");
}

function toProvider(entry: ProviderEntry): Provider {
  const { circuit_breaker: breaker, bedrock } = entry;
  return create(ProviderSchema, {
    name: entry.name,
    type: entry.type,
    baseUrl: baseUrl(entry),
    keys: entry.keys,
    sendActorHeaders: entry.send_actor_headers,
    circuitBreaker: create(CircuitBreakerSchema, {
      failureThreshold: breaker.failure_threshold,
      interval: toDuration(breaker.interval),
      timeout: toDuration(breaker.timeout),
      maxRequests: breaker.max_requests,
    }),
    maxRetries: entry.max_retries,
    includeUsage: entry.include_usage,
    allowStoredState: entry.allow_stored_state,
    passthrough: entry.passthrough,
    disabled: entry.disabled,
    bedrock: bedrock === undefined ? undefined : toBedrock(bedrock),
  });
}

function toBedrock(entry: NonNullable<ProviderEntry["bedrock"]>) {
  return create(BedrockSchema, {
    form: entry.form,
    region: entry.region,
    accessKeyId: entry.access_key_id,
    secretAccessKey: entry.secret_access_key,
    sessionToken: entry.session_token,
    roleArn: entry.role_arn,
    externalId: entry.external_id,
  });
}

function toIdentity(entry: IdentityEntry) {
  return create(IdentitySchema, {
    mode: entry.mode,
    staleFor: toDuration(entry.stale_for),
    trustedHeader: entry.header?.toLowerCase() ?? "",
    trustedSources: entry.trusted_sources,
    jwksUrl: entry.jwks_url ?? "",
    issuer: entry.issuer ?? "",
    audience: entry.audience ?? "",
    actorClaim: entry.actor_claim,
  });
}

function toLimits(entry: FileEntries["limits"]) {
  return create(LimitsSchema, {
    bodyBytes: BigInt(entry.body_bytes),
    bufferedBytes: BigInt(entry.buffered_bytes),
    concurrency: entry.concurrency,
    perActorConcurrency: entry.per_actor_concurrency,
  });
}

function toTimeouts(entry: FileEntries["timeouts"]) {
  return create(TimeoutsSchema, {
    connect: toDuration(entry.connect),
    firstByte: toDuration(entry.first_byte),
    idle: toDuration(entry.idle),
    clientBody: toDuration(entry.client_body),
  });
}

function toRecording(entry: FileEntries["recording"]) {
  return create(RecordingSchema, {
    durability: entry.durability,
    onFailure: entry.on_failure,
    spoolMaxBytes: BigInt(entry.spool_max_bytes),
    maxContentBytes: BigInt(entry.max_content_bytes),
    prompts: entry.content.prompts,
    thoughts: entry.content.thoughts,
    toolInputs: entry.content.tool_inputs,
  });
}

function toMcpSettings(entry: FileEntries["mcp"]) {
  return create(McpSettingsSchema, {
    maxTurns: entry.max_turns,
    concurrency: entry.concurrency,
    callTimeout: toDuration(entry.call_timeout),
    discoveryBudget: toDuration(entry.discovery_budget),
    pinning: entry.pinning,
  });
}

function toDuration(milliseconds: number): Duration {
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(milliseconds / 1000)),
    nanos: (milliseconds % 1000) * 1_000_000,
  });
}
