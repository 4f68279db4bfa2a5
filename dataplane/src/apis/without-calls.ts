import type { ObservationSink } from "./observation.ts";

/** The same sink without the calls of these tools: central ones are recorded when they were run. */
export function withoutCalls(sink: ObservationSink, toolIds: ReadonlySet<string>): ObservationSink {
  return {
    message: (id) => sink.message(id),
    thought: (thought) => sink.thought(thought),
    usage: (usage) => sink.usage(usage),
    toolCall: (call) => {
      if (!toolIds.has(call.tool)) sink.toolCall(call);
    },
  };
}
