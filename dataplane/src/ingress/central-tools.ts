import type { Api, ApiRequest } from "../apis/api.ts";
import type { ResponseAliases } from "../apis/responses/tools/response-aliases.ts";
import type { CentralCall, ToolConversation, ToolResult } from "../apis/tool-conversation.ts";
import type { ResolvedActor } from "../control/ports.ts";
import type { ToolPolicyQuery } from "../control/tool-policies.ts";
import { JsonObject } from "../json/json-object.ts";
import { type Invocation, invokeTool } from "../mcp/invoke-tool.ts";
import type { ToolSet } from "../mcp/tool-set.ts";
import type { InterceptionRecording } from "../record/interception-recording.ts";
import type { Stage } from "./stage.ts";

/** A request that is served with central tools. */
export interface ToolRequest {
  readonly query: ToolPolicyQuery;
  readonly tools: ToolSet;
  readonly conversation: ToolConversation;
}

/** For whom, and in which conversation, tools are looked for. */
export interface ToolWish {
  readonly caller: ResolvedActor;
  readonly providerName: string;
  /** Template of the route: "/v1/responses". */
  readonly route: string;
  readonly api: Api;
  readonly request: ApiRequest;
  /** True if the request is to ask for its usage too. */
  readonly addUsage: boolean;
  readonly client: string;
  readonly clientSessionId: string | undefined;
  /** Requests to the provider at most: with one alone no call could be answered. */
  readonly maxTurns: number;
}

/** The request with the actor's central tools; undefined where there are none. At once where they are known. */
export function toolRequest(
  stage: Stage,
  wish: ToolWish,
): ToolRequest | undefined | Promise<ToolRequest | undefined> {
  if (stage.tools === undefined || wish.maxTurns < 2 || isSideRequest(wish)) return undefined;
  const { actor } = wish.caller;
  const query = { actorId: actor.id, apiKeyId: actor.apiKeyId, providerName: wish.providerName };
  const { conversations, aliases } = stage.tools;
  const begun = { query, wish, aliases: aliases.of(JSON.stringify([query.actorId, query.providerName])) };
  const tools = conversations.toolsFor(query, wish.clientSessionId);
  return tools instanceof Promise ? tools.then((found) => begin(begun, found)) : begin(begun, tools);
}

/** Claude Code asks for titles and the like beside the conversation, without tools of its own: it expects no calls. */
function isSideRequest({ client, request }: ToolWish): boolean {
  return client === "Claude Code" && request.body.member("tools") === undefined;
}

function begin(
  { query, wish, aliases }: { query: ToolPolicyQuery; wish: ToolWish; aliases: ResponseAliases },
  tools: ToolSet | undefined,
): ToolRequest | undefined {
  if (tools === undefined) return undefined;
  const { api, request, addUsage, route } = wish;
  const body = addUsage ? JsonObject.parse(api.addIncludeUsage(request)) : request.body;
  const conversation = api.withTools({ ...request, body }, isCompaction(route) ? [] : tools.central, {
    aliases,
  });
  return conversation && { query, tools, conversation };
}

/** It sums a conversation up: no tool can be called, but what it goes on from may have another name. */
function isCompaction(route: string): boolean {
  return route.endsWith("/responses/compact");
}

export interface CallRun {
  readonly stage: Stage;
  readonly request: ToolRequest;
  readonly recording: InterceptionRecording;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs one call of the model and records it. Never rejects. */
export async function runCall(call: CentralCall, run: CallRun): Promise<ToolResult> {
  const { stage, request, recording, timeoutMs, signal } = run;
  if (stage.tools === undefined) throw new TypeError("there are no central tools");
  const { source } = stage.tools;
  const { query, tools } = request;
  const invocation = await invokeTool(call, { source, query, tools, timeoutMs, signal });
  recordCall(recording, call, tools, invocation);
  return invocation.result;
}

/** Records the calls that are not run: as a rule because the model called the client's tools beside them. */
export function recordLeftOut(
  recording: InterceptionRecording,
  calls: readonly CentralCall[],
  { tools }: ToolRequest,
): void {
  for (const call of calls)
    recordCall(recording, call, tools, { error: "not_run_mixed_turn", durationMs: undefined });
}

function recordCall(
  recording: InterceptionRecording,
  call: CentralCall,
  tools: ToolSet,
  { error, durationMs }: Pick<Invocation, "error"> & { readonly durationMs: number | undefined },
): void {
  const tool = tools.byId.get(call.toolId);
  if (tool === undefined) return;
  recording.injectedToolCall({
    messageId: call.messageId,
    callId: call.callId,
    tool: tool.definition.name,
    server: tool.server,
    serverUrl: tool.serverUrl,
    input: call.input,
    error,
    durationMs,
  });
}
