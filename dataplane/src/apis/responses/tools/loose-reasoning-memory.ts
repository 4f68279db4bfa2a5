import { createHash } from "node:crypto";
import { LruMap } from "../../../memory/lru-map.ts";

/** What tells reasoning from other reasoning; clients may leave either out. */
export interface ReasoningNames {
  /** "" if it has none. */
  readonly id: string;
  /** Its encrypted content, "" if it has none. */
  readonly encrypted: string;
}

/** Reasoning that led to hidden calls: what follows it in the client's conversation is not what it led to. */
export interface LooseReasoning {
  add(reasoning: ReasoningNames): void;
  has(reasoning: ReasoningNames): boolean;
}

/** Longer ids are not remembered: no provider has such. */
const maxIdLength = 256;

/** The loose reasoning of one gateway. What is forgotten costs one refused request (`withoutRefused`). */
export class LooseReasoningMemory {
  readonly #names: LruMap<true>;

  /** @param maxEntries of all scopes together; an item has up to two. @default 50 000 */
  constructor(maxEntries = 50_000) {
    this.#names = new LruMap(maxEntries);
  }

  /** @param scope who may find it: an actor and a provider */
  of(scope: string): LooseReasoning {
    return {
      add: (reasoning) => {
        for (const key of keysOf(scope, reasoning)) this.#names.set(key, true);
      },
      has: (reasoning) => {
        // One tells it: the content is long, and looked at only where the client left the id out.
        const [key] = keysOf(scope, reasoning);
        return key !== undefined && this.#names.get(key) === true;
      },
    };
  }
}

/** The names under which reasoning is remembered, the shortest first. */
function* keysOf(scope: string, reasoning: ReasoningNames): Generator<string> {
  const { id } = reasoning;
  if (id !== "" && id.length <= maxIdLength) yield JSON.stringify([scope, "id", id]);
  const { encrypted } = reasoning;
  if (encrypted !== "") yield JSON.stringify([scope, "content", digest(encrypted)]);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
