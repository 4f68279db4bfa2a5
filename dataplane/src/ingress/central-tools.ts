import type { Api, ApiRequest } from "../apis/api.ts";
import type { ResponseAliases } from "../apis/responses/tools/response-aliases.ts";
import type {
  CentralCall,
  NotRunReason,
  ToolConversation,
  ToolConversationOptions,
  ToolResult,
} from "../apis/tool-conversation.ts";
import type { LastMessages } from "../control/last-messages.ts";
import type { ResolvedActor } from "../control/ports.ts";
import type { ToolPolicyQuery } from "../control/tool-policies.ts";
import { JsonObject } from "../json/json-object.ts";
import { type Invocation, invokeTool } from "../mcp/invoke-tool.ts";
import type { ToolSet } from "../mcp/tool-set.ts";
import type { InterceptionRecording } from "../record/interception-recording.ts";
import type { CallTrace, InterceptionTrace } from "../telemetry/tracing.ts";
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
  const { conversations, lastMessages } = stage.tools;
  const memory = memoryOf(stage.tools, query, wish);
  const begun = { query, wish, memory, lastMessages };
  const tools = conversations.toolsFor(query, wish.clientSessionId);
  return tools instanceof Promise ? tools.then((found) => begin(begun, found)) : begin(begun, tools);
}

/** Claude Code asks for titles and the like beside the conversation, without tools of its own: it expects no calls. */
function isSideRequest({ client, request }: ToolWish): boolean {
  return client === "Claude Code" && request.body.member("tools") === undefined;
}

/** What is known of the conversation from before, and who is told what becomes of its tools. */
type ConversationMemory = ToolConversationOptions & { readonly aliases: ResponseAliases };

function memoryOf(
  { aliases, thoughts, reasoning, rules, leftOut }: NonNullable<Stage["tools"]>,
  { actorId, providerName }: ToolPolicyQuery,
  { api, clientSessionId, request }: ToolWish,
): ConversationMemory {
  const scope = JSON.stringify([actorId, providerName]);
  return {
    aliases: aliases.of(scope),
    reasoning: reasoning.of(scope),
    // Not every model knows how to leave thoughts out.
    ...(api.name === "messages" &&
      clientSessionId !== undefined && {
        thoughts: thoughts.of(JSON.stringify([actorId, providerName, clientSessionId, request.facts.model])),
      }),
    rules,
    leftOut: (tools) => leftOut.add({ actorId, providerName }, tools),
  };
}

interface Begun {
  readonly query: ToolPolicyQuery;
  readonly wish: ToolWish;
  readonly memory: ConversationMemory;
  readonly lastMessages: LastMessages;
}

function begin(
  begun: Begun,
  tools: ToolSet | undefined,
): ToolRequest | undefined | Promise<ToolRequest | undefined> {
  if (tools === undefined) return undefined;
  const learnt = learnAlias(begun);
  return learnt === undefined ? serve(begun, tools) : learnt.then(() => serve(begun, tools));
}

/** Asks what was hidden of the answer that the request goes on from; undefined where that is known, or cannot be. */
function learnAlias({ query, wish, memory: { aliases }, lastMessages }: Begun): Promise<void> | undefined {
  const messageId = wish.api.goesOnFrom?.(wish.request);
  if (messageId === undefined || aliases.knows(messageId)) return undefined;
  const { actorId: initiatorId, providerName } = query;
  return lastMessages.find({ initiatorId, providerName, messageId })?.then((last) => {
    if (last !== undefined) aliases.remember(messageId, last.messageId, last.pendingCallIds);
  });
}

function serve({ query, wish, memory }: Begun, tools: ToolSet): ToolRequest | undefined {
  const { api, request, addUsage, route } = wish;
  const body = addUsage ? JsonObject.parse(api.addIncludeUsage(request)) : request.body;
  const central = isCompaction(route) ? [] : tools.central;
  const conversation = api.withTools({ ...request, body }, central, memory);
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
  /** Undefined where traces are off. */
  readonly trace: InterceptionTrace | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs one call of the model and records it. Never rejects. */
export async function runCall(call: CentralCall, run: CallRun): Promise<ToolResult> {
  const { stage, request, recording, trace, timeoutMs, signal } = run;
  if (stage.tools === undefined) throw new TypeError("there are no central tools");
  const { source } = stage.tools;
  const { query, tools } = request;
  const span = trace && beginSpan(trace, call, tools);
  const traceparent = span?.traceparent;
  const invocation = await invokeTool(call, { source, query, tools, timeoutMs, signal, traceparent });
  span?.end(invocation.errorType);
  recordCall(recording, call, tools, invocation);
  return invocation.result;
}

function beginSpan(trace: InterceptionTrace, call: CentralCall, { byId }: ToolSet): CallTrace | undefined {
  const tool = byId.get(call.toolId);
  if (tool === undefined) return undefined;
  const { definition, server, serverUrl } = tool;
  return trace.call({ tool: definition.name, callId: call.callId, server, serverUrl });
}

/** Records the calls that are not run. */
export function recordLeftOut(
  recording: InterceptionRecording,
  calls: readonly CentralCall[],
  reason: NotRunReason,
  { tools }: ToolRequest,
): void {
  for (const call of calls) recordCall(recording, call, tools, { error: reason, durationMs: undefined });
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
