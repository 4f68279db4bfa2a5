import type { Token } from "../store/store.ts";

/** Something that happens now and then, and those who want to know. */
export class Topic<T> {
  readonly #listeners = new Set<(news: T) => void>();

  publish(news: T): void {
    for (const listener of this.#listeners) {
      listener(news);
    }
  }

  /** Calls `listener` each time, until the returned function is called. */
  subscribe(listener: (news: T) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

/** Tells the parts of this process what has changed about credentials and tools. */
export class Changes {
  readonly tokenCreated = new Topic<Token>();
  /** Id of a token that was revoked or has expired. */
  readonly tokenWorthless = new Topic<string>();
  /** Id of a gateway key. */
  readonly gatewayKeyRevoked = new Topic<string>();
  /** Definitions of MCP tools that waited are approved. */
  readonly toolsApproved = new Topic<void>();
}
