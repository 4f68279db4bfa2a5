import { setTimeout as delay } from "node:timers/promises";
import type { RecorderService } from "@aibridge/proto";
import { type Client, Code, ConnectError } from "@connectrpc/connect";

/** A message that a client knows, and whose. */
export interface MessageQuery {
  /** Actor.id. */
  readonly initiatorId: string;
  /** Configured name of the provider. */
  readonly providerName: string;
  /** The provider's id of any answer of an interception. */
  readonly messageId: string;
}

/** Where an answer ended that went on inside a gateway. */
export interface LastMessage {
  /** The provider's id of the interception's last answer. */
  readonly messageId: string;
  /** Calls of central tools in that answer which were not run. */
  readonly pendingCallIds: readonly string[];
}

/** Asks a recorder; undefined if it knows no such message whose interception has ended. Rejects with a ConnectError. */
export type AskLastMessage = (query: MessageQuery, timeoutMs: number) => Promise<LastMessage | undefined>;

/** Asks a RecorderService over its client. */
export function askLastMessage(client: Client<typeof RecorderService>): AskLastMessage {
  return async (query, timeoutMs) => {
    try {
      return await client.findLastMessage(query, { timeoutMs });
    } catch (error) {
      if (ConnectError.from(error).code === Code.NotFound) return undefined;
      throw error;
    }
  };
}

/** Longest wait of a request for all answers to its question. */
const budgetMs = 2_000;
/**
 * Pauses after which is asked again for what the recorder does not know: a client's next request may be quicker than the
 * records of the one before, which a data plane gathers for up to 50 ms.
 */
const pausesMs = [25, 50, 100, 200, 400];
/** Questions under way beyond which none is asked again: it would be the clients that decide how often. */
const maxPatient = 64;
/** After a failure nobody is asked for so long, twice as long after each further one up to the longest. */
const firstRestMs = 500;
const longestRestMs = 30_000;
/** A recorder without the method may be another one by now. */
const unimplementedRestMs = 300_000;

export interface LastMessagesOptions {
  readonly ask: AskLastMessage;
  /** Called when the recorder could not be asked. */
  readonly failed: (error: ConnectError) => void;
  /** Called when the recorder said that it has no such method. */
  readonly unimplemented: () => void;
}

/** Looks up where an answer ended that another data plane, or this one before its start, has served. */
export class LastMessages {
  readonly #options: LastMessagesOptions;
  readonly #asking = new Map<string, Promise<LastMessage | undefined>>();
  #failures = 0;
  #restsUntil = 0;

  constructor(options: LastMessagesOptions) {
    this.#options = options;
  }

  /**
   * The last message; of a message that the recorder does not know or refuses to look for, that message itself. Undefined
   * where the recorder cannot be asked, which is no reason to fail: at once while it rests after a failure, else within
   * 2 s. Never rejects.
   */
  find(query: MessageQuery): Promise<LastMessage | undefined> | undefined {
    if (performance.now() < this.#restsUntil) return undefined;
    const key = JSON.stringify([query.initiatorId, query.providerName, query.messageId]);
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#answer(query).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #answer(query: MessageQuery): Promise<LastMessage | undefined> {
    const nothingHidden = { messageId: query.messageId, pendingCallIds: [] };
    try {
      const found = await this.#askPatiently(query);
      this.#failures = 0;
      return found ?? nothingHidden;
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      // The id is a client's: no client may keep the recorder from being asked for others.
      if (error.code === Code.InvalidArgument) return nothingHidden;
      this.#rest(error);
      return undefined;
    }
  }

  async #askPatiently(query: MessageQuery): Promise<LastMessage | undefined> {
    const until = performance.now() + budgetMs;
    const ask = () => this.#options.ask(query, Math.max(1, Math.round(until - performance.now())));
    let found = await ask();
    for (const pauseMs of pausesMs) {
      const isLate = performance.now() + pauseMs >= until;
      if (found !== undefined || isLate || this.#asking.size > maxPatient) break;
      await delay(pauseMs);
      found = await ask();
    }
    return found;
  }

  /** Questions that were under way together fail together, and count once. */
  #rest(error: ConnectError): void {
    const now = performance.now();
    if (now < this.#restsUntil) return;
    if (error.code === Code.Unimplemented) {
      this.#restsUntil = now + unimplementedRestMs;
      this.#options.unimplemented();
      return;
    }
    this.#restsUntil = now + Math.min(firstRestMs * 2 ** this.#failures, longestRestMs);
    this.#failures++;
    this.#options.failed(error);
  }
}
