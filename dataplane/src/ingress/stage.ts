import type { LooseThoughtMemory } from "../apis/messages/tools/loose-thoughts.ts";
import type { LooseReasoningMemory } from "../apis/responses/tools/loose-reasoning-memory.ts";
import type { ResponseAliasMemory } from "../apis/responses/tools/response-aliases.ts";
import type { ToolRules } from "../apis/tool-conversation.ts";
import type { LastMessages } from "../control/last-messages.ts";
import type { Actors } from "../control/ports.ts";
import type { ToolSource } from "../mcp/tool-source.ts";
import type { ConversationTools } from "../plan/conversation-tools.ts";
import type { RuntimeConfig } from "../plan/runtime-config.ts";
import type { Recorder } from "../record/recorder.ts";
import type { LabelBounds } from "../telemetry/interception-metrics.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import type { UpstreamClient } from "../upstream/upstream-client.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { ConcurrencyLimits } from "./concurrency-limits.ts";
import type { Drain } from "./drain.ts";
import type { LeftOutReport } from "./left-out-report.ts";

/** What the handling of requests needs of the rest of the gateway. */
export interface Stage {
  /** The configuration in force; undefined until the first one arrived. A request reads it once. */
  config(): RuntimeConfig | undefined;
  readonly actors: Actors;
  /** Central tools; undefined where nobody gets any. */
  readonly tools:
    | {
        readonly source: Pick<ToolSource, "call">;
        readonly conversations: ConversationTools;
        readonly aliases: ResponseAliasMemory;
        readonly thoughts: LooseThoughtMemory;
        readonly reasoning: LooseReasoningMemory;
        readonly rules: ToolRules;
        readonly lastMessages: LastMessages;
        readonly leftOut: LeftOutReport;
      }
    | undefined;
  readonly recorder: Recorder;
  readonly upstream: UpstreamClient;
  readonly bodies: BodyBudget;
  readonly concurrency: ConcurrencyLimits;
  readonly drain: Drain;
  readonly metrics: Metrics;
  readonly labels: LabelBounds;
  /** Undefined where traces are off. */
  readonly tracing: Tracing | undefined;
  readonly log: Logger;
  readonly gatewayId: string;
}
