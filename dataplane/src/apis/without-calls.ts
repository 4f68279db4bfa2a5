import type { ObservationSink } from "./observation.ts";

/**
 * The same sink without the calls of these tools: central ones are recorded when they were run. A tool of the client's in
 * a namespace of its own may have the same name.
 */
export function withoutCalls(sink: ObservationSink, toolIds: ReadonlySet<string>): ObservationSink {
  return {
    message: (id) => sink.message(id),
    thought: (thought) => sink.thought(thought),
    usage: (usage) => sink.usage(usage),
    ...(sink.answered && { answered: (answer) => sink.answered?.(answer) }),
    toolCall: (call) => {
      if (call.isQualified === true || !toolIds.has(call.tool)) sink.toolCall(call);
    },
  };
}
