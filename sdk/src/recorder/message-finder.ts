/** A message that a client knows, and whose. */
export interface MessageQuery {
  /** Interception.initiator_id: whose messages are looked through. */
  readonly initiatorId: string;
  /** Interception.provider_name. */
  readonly providerName: string;
  /** TokenUsage.message_id of any answer of the interception that is looked for: "resp_68ab". */
  readonly messageId: string;
}

/** Where an answer ended that went on inside a gateway. */
export interface LastMessage {
  /** TokenUsage.message_id of the interception's last answer. */
  readonly messageId: string;
  /** ToolUsage.tool_call_id of its injected calls that were not run: their invocation_error begins with "not_run_". */
  readonly pendingCallIds: readonly string[];
}

/** What a recorder may do beside storing. */
export interface MessageFinder {
  /**
   * Looks up how the answer with this message went on; undefined if the actor has no such message, or its interception
   * has not ended. Data planes ask when a client goes on from an answer of the Responses API, with calls of central tools in
   * it, that another data plane served. Without it the model forgets those calls in such conversations.
   * @default not served: UNIMPLEMENTED
   */
  findLastMessage?(query: MessageQuery): Promise<LastMessage | undefined> | LastMessage | undefined;
}
