import type { ProviderRequest } from "./request.ts";

/** The requests seen, and those who wait for one. */
export class RequestLog {
  readonly requests: ProviderRequest[] = [];
  readonly #open = new Set<ProviderRequest>();
  readonly #waiting = new Set<() => void>();
  readonly #limit: number;

  /** @param limit the number of requests kept; the oldest go first */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(request: ProviderRequest): void {
    this.requests.push(request);
    if (this.requests.length > this.#limit) this.requests.shift();
    this.#open.add(request);
    this.#lookAgain();
  }

  /** To be called when the state of a request is final. */
  closed(request: ProviderRequest): void {
    this.#open.delete(request);
    this.#lookAgain();
  }

  /** Resolves when each request that is open now is closed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#open].map((request) => request.closed));
  }

  waitFor(predicate: (request: ProviderRequest) => boolean, timeout: number): Promise<ProviderRequest> {
    const { promise, resolve, reject } = Promise.withResolvers<ProviderRequest>();
    const look = (): void => {
      const found = this.requests.find(predicate);
      if (found !== undefined) finish(() => resolve(found));
    };
    const timer = setTimeout(() => finish(() => reject(new Error(this.#notFound(timeout)))), timeout);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      this.#waiting.delete(look);
      settle();
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  #lookAgain(): void {
    for (const look of [...this.#waiting]) look();
  }

  #notFound(timeout: number): string {
    const seen = this.requests.map(({ method, path, state }) => `${method} ${path} (${state})`);
    return `no such request within ${timeout} ms; seen: ${seen.join(", ") || "none"}`;
  }
}
