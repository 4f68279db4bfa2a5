import type { FindLastMessageRequest } from "@aibridge/proto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { BrokenHost } from "./broken-host.ts";
import { FaithfulHost, type FoundMessage } from "./faithful-host.ts";
import type { RecordBody } from "./memory-store.ts";

type ToolUsage = Extract<RecordBody, { case: "toolUsage" }>["value"];

/** A host that also finds messages again, as it should. */
export class FindingHost extends FaithfulHost {
  override find(query: FindLastMessageRequest): FoundMessage {
    const { initiatorId, providerName, messageId } = query;
    for (const { interception, tokenUsages, toolUsages } of this.store.all()) {
      const isTheirs =
        interception?.initiatorId === initiatorId && interception.providerName === providerName;
      if (!isTheirs || tokenUsages.every((usage) => usage.messageId !== messageId)) continue;
      const last = tokenUsages.at(-1)?.messageId ?? "";
      const calls = toolUsages.filter((usage) => usage.messageId === last && this.isPending(usage));
      return { messageId: last, pendingCallIds: calls.map(({ toolCallId }) => toolCallId) };
    }
    return this.notFound(query);
  }

  isPending({ injected, invocationError = "" }: ToolUsage): boolean {
    return injected && invocationError.startsWith("not_run_");
  }

  notFound(_query: FindLastMessageRequest): FoundMessage {
    throw new ConnectError("there is no such message", Code.NotFound);
  }
}

/** Faults in finding messages again. */
export const brokenLookUps: readonly BrokenHost[] = [
  {
    fault: "it finds the very message that was asked for",
    breaks: ["REC-91"],
    make: () =>
      new (class extends FindingHost {
        override find(query: FindLastMessageRequest): FoundMessage {
          return { ...super.find(query), messageId: query.messageId };
        }
      })(),
  },
  {
    fault: "it finds messages of everybody",
    breaks: ["REC-91"],
    make: () =>
      new (class extends FindingHost {
        override notFound(query: FindLastMessageRequest): FoundMessage {
          const found = this.store
            .all()
            .find(({ tokenUsages }) => tokenUsages.some(({ messageId }) => messageId === query.messageId));
          const whose = found?.interception;
          if (whose === undefined) return super.notFound(query);
          return this.find({
            ...query,
            initiatorId: whose.initiatorId,
            providerName: whose.providerName,
          });
        }
      })(),
  },
  {
    fault: "it takes calls that were run for pending",
    breaks: ["REC-91"],
    make: () =>
      new (class extends FindingHost {
        override isPending({ injected }: ToolUsage): boolean {
          return injected;
        }
      })(),
  },
  {
    fault: "what it does not find is an INTERNAL error",
    breaks: ["REC-91"],
    make: () =>
      new (class extends FindingHost {
        override notFound(): FoundMessage {
          throw new ConnectError("no rows in result set", Code.Internal);
        }
      })(),
  },
];
