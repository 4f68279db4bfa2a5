import type { z } from "zod";
import { Durability, OnClientDisconnect, OnRecordFailure } from "../../gen/aibridge/v1/config_pb.ts";
import { identitySchema } from "./schema-identity.ts";
import { choice, duration, size, wholeNumber, yesNo } from "./schema-leaf.ts";
import { mcpSchema, mcpServerSchema } from "./schema-mcp.ts";
import { providerSchema } from "./schema-provider.ts";
import { EVEN_IF_WRONG, list, refuseDuplicateNames, section } from "./schema-shape.ts";

const MIB = 1024 ** 2;

const limits = section({
  body_bytes: size().default(32 * MIB),
  buffered_bytes: size().default(512 * MIB),
  concurrency: wholeNumber(1).default(2000),
  per_actor_concurrency: wholeNumber(1).default(100),
});

const timeouts = section({
  connect: duration().default(10_000),
  first_byte: duration().default(600_000),
  idle: duration().default(300_000),
  client_body: duration().default(60_000),
});

const recording = section({
  durability: choice({
    process: Durability.PROCESS,
    disk: Durability.DISK,
    recorder: Durability.RECORDER,
  }).default(Durability.PROCESS),
  on_failure: choice({ refuse: OnRecordFailure.REFUSE, pass: OnRecordFailure.PASS }).default(
    OnRecordFailure.REFUSE,
  ),
  spool_max_bytes: size().default(4096 * MIB),
  max_content_bytes: size().default(MIB),
  content: section({
    prompts: yesNo().default(true),
    thoughts: yesNo().default(true),
    tool_inputs: yesNo().default(true),
  }).prefault({}),
});

/** The whole `aibridge.yaml`, with every default. */
export const fileSchema = section({
  providers: list(providerSchema).default([]).superRefine(refuseDuplicateNames("provider"), EVEN_IF_WRONG),
  mcp_servers: list(mcpServerSchema)
    .default([])
    .superRefine(refuseDuplicateNames("MCP server"), EVEN_IF_WRONG),
  mcp: mcpSchema.prefault({}),
  identity: identitySchema.prefault({}),
  limits: limits.prefault({}),
  timeouts: timeouts.prefault({}),
  recording: recording.prefault({}),
  on_client_disconnect: choice({
    cancel: OnClientDisconnect.CANCEL,
    drain: OnClientDisconnect.DRAIN,
  }).default(OnClientDisconnect.CANCEL),
  retention: duration().default(60 * 86_400_000),
  orphan_after: duration().default(86_400_000),
});

/** What {@link fileSchema} reads: the file with every default filled in. */
export type FileEntries = z.infer<typeof fileSchema>;
