import type { CentralCall, ToolResult } from "../apis/tool-conversation.ts";
import type { ToolPolicyQuery } from "../control/tool-policies.ts";
import { McpFailure, McpToolGone, McpUnauthorized } from "./mcp-failure.ts";
import { errorResult, toolResult } from "./tool-result.ts";
import type { InjectedTool, ToolSet } from "./tool-set.ts";
import type { ToolSource } from "./tool-source.ts";

/** What became of a call. */
export interface Invocation {
  readonly tool: InjectedTool;
  /** What the model gets. */
  readonly result: ToolResult;
  /** Why there is no result of the tool's own; undefined if there is one. */
  readonly error: string | undefined;
  /** The kind of that reason, or of the tool's own error: "tool_error", "timeout"; undefined if all went well. */
  readonly errorType: string | undefined;
  readonly durationMs: number;
}

export interface InvokeOptions {
  readonly source: Pick<ToolSource, "call">;
  readonly query: ToolPolicyQuery;
  readonly tools: ToolSet;
  readonly timeoutMs: number;
  /** Cancels the call, at the server too. */
  readonly signal: AbortSignal;
  /** Makes what the server does part of a trace. @default none */
  readonly traceparent?: string | undefined;
}

/** Longest result that goes to a model, in bytes. */
const maxResultBytes = 1024 * 1024;

/** Runs a call of the model. Never rejects: the model is told of every failure, so that it can go on. */
export async function invokeTool(call: CentralCall, options: InvokeOptions): Promise<Invocation> {
  const { source, query, tools, timeoutMs, signal, traceparent } = options;
  const tool = tools.byId.get(call.toolId);
  if (tool === undefined) throw new TypeError(`${call.toolId} is no central tool`);
  const startedAt = performance.now();
  try {
    const args = argumentsOf(call.input);
    const limits = { signal, timeoutMs, traceparent };
    const result = toolResult(await source.call(query, tool, args, limits), maxResultBytes);
    const errorType = result.isError ? "tool_error" : undefined;
    return { tool, result, error: undefined, errorType, durationMs: performance.now() - startedAt };
  } catch (error) {
    const { message, kind } = signal.aborted ? givenUp : explanationOf(error);
    const result = errorResult(`The tool could not be run: ${message}.`);
    return { tool, result, error: message, errorType: kind, durationMs: performance.now() - startedAt };
  }
}

/** The model wrote arguments that are no JSON object. */
class InvalidArguments extends Error {
  override readonly name = "InvalidArguments";
  readonly kind = "invalid_arguments";
}

const givenUp = { message: "the call was given up", kind: "cancelled" };
const unexplained = { message: "the gateway failed", kind: "internal_error" };

/** Failures that say what went wrong in words for records and the model. */
const explained = [InvalidArguments, McpFailure, McpUnauthorized, McpToolGone];

function explanationOf(error: unknown): { readonly message: string; readonly kind: string } {
  const isExplained = explained.some((kind) => error instanceof kind);
  return isExplained ? (error as InstanceType<(typeof explained)[number]>) : unexplained;
}

/** A call without arguments may come with none at all. */
function argumentsOf(input: string): Record<string, unknown> {
  if (input.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch {
    throw new InvalidArguments("its arguments are no valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidArguments("its arguments are no JSON object");
  return value as Record<string, unknown>;
}
