import type { ObserveOptions } from "../../../dataplane/src/apis/api.ts";
import type { ObservationSink } from "../../../dataplane/src/apis/observation.ts";
import type { ToolConversation, TurnEnd } from "../../../dataplane/src/apis/tool-conversation.ts";
import { StreamRelay } from "../../../dataplane/src/loop/stream-relay.ts";
import type { Observation } from "../../fixtures/story.ts";

/** What became of one turn. */
export interface RelayedTurn {
  /** The bytes that the client got. */
  readonly out: string;
  readonly end: TurnEnd;
  /** What the records learn of it. */
  readonly seen: readonly Observation[];
}

const asked: ObserveOptions = { hideUsage: false, usageOptional: false };

/** Relays one streamed turn as the gateway does. @param chunks the provider's answer, in pieces as they come */
export function relayTurn(
  conversation: ToolConversation,
  chunks: readonly (Buffer | string)[],
  options: Partial<ObserveOptions> = {},
): RelayedTurn {
  const written: Buffer[] = [];
  const seen: Observation[] = [];
  const observer = conversation.streamTurn(collecting(seen), { ...asked, ...options });
  const relay = new StreamRelay({
    observer,
    downstream: { gone: false, write: (bytes) => void written.push(Buffer.from(bytes)) },
    hiding: true,
    onTerminal: () => relay.release(),
  });
  for (const chunk of chunks) relay.data(Buffer.from(chunk));
  relay.finish(true);
  relay.release();
  return { out: Buffer.concat(written).toString(), end: observer.finish(true), seen };
}

/** Hands over one turn that came as a whole. */
export function answerTurn(conversation: ToolConversation, answer: string): RelayedTurn {
  const seen: Observation[] = [];
  const turn = conversation.answerTurn(collecting(seen), Buffer.from(answer), asked);
  return { out: turn.answer.toString(), end: turn.end, seen };
}

function collecting(seen: Observation[]): ObservationSink {
  return {
    message: (id) => void seen.push({ message: id }),
    toolCall: (toolCall) => void seen.push({ toolCall }),
    thought: (thought) => void seen.push({ thought }),
    usage: (usage) => void seen.push({ usage }),
  };
}
