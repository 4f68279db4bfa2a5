import type { ProviderRequest } from "./request.ts";

/** The requests seen, and those who wait for one. */
export class RequestLog {
  readonly requests: ProviderRequest[] = [];
  readonly #waiting = new Set<() => void>();

  add(request: ProviderRequest): void {
    this.requests.push(request);
    this.changed();
  }

  /** To be called when a request changed: whoever waits looks again. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
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

  #notFound(timeout: number): string {
    const seen = this.requests.map(({ method, path, state }) => `${method} ${path} (${state})`);
    return `no such request within ${timeout} ms; seen: ${seen.join(", ") || "none"}`;
  }
}
