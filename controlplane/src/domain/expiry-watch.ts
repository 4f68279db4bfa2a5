import type { CredentialStore, Token } from "../store/store.ts";
import type { Changes } from "./changes.ts";
import { type Clock, microsOfMillis, millisOfMicros } from "./micros.ts";

/** Tokens that expire later than this are looked at again after it: timers cannot wait for weeks. */
const LOOK_AHEAD_MS = 60 * 60 * 1000;
/** When to look again after the database could not be read. */
const RETRY_MS = 5000;

/**
 * Tells when tokens expire. Data planes keep no answer beyond a token's expiry anyway, but use what they have while the
 * control plane is unreachable; this takes an expired token out of there too.
 */
export class ExpiryWatch {
  readonly #store: CredentialStore;
  readonly #changes: Changes;
  readonly #clock: Clock;
  readonly #onError: (reason: unknown) => void;
  readonly #unsubscribe: () => void;
  #seenUntil: bigint;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: CredentialStore, changes: Changes, clock: Clock, onError: (reason: unknown) => void) {
    this.#store = store;
    this.#changes = changes;
    this.#clock = clock;
    this.#onError = onError;
    this.#seenUntil = microsOfMillis(clock());
    this.#unsubscribe = changes.tokenCreated.subscribe((token) => this.#tokenCreated(token));
    this.#schedule(0);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unsubscribe();
  }

  #tokenCreated(token: Token): void {
    if (token.expiresAt !== null) {
      this.#schedule(0);
    }
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), delayMs).unref();
  }

  async #look(): Promise<void> {
    const timer = this.#timer;
    let delay = RETRY_MS;
    try {
      delay = await this.#announceExpired();
    } catch (reason) {
      this.#onError(reason);
    }
    // Another look may have been scheduled, or all of them stopped, while this one was under way.
    if (this.#timer === timer && timer !== undefined) {
      this.#schedule(delay);
    }
  }

  /** Announces what has expired since the last look. Returns the milliseconds until the next expiry. */
  async #announceExpired(): Promise<number> {
    const now = microsOfMillis(this.#clock());
    const horizon = now + microsOfMillis(LOOK_AHEAD_MS);
    const tokens = await this.#store.listExpiringTokens({ after: this.#seenUntil, until: horizon });
    const upcoming = tokens.findIndex((token) => (token.expiresAt ?? horizon) > now);
    const expired = upcoming === -1 ? tokens : tokens.slice(0, upcoming);
    for (const token of expired) {
      await this.#store.noteExpiredToken(token.id);
      this.#changes.tokenWorthless.publish(token.id);
      this.#seenUntil = token.expiresAt ?? this.#seenUntil;
    }
    const next = upcoming === -1 ? undefined : tokens[upcoming]?.expiresAt;
    return next === undefined || next === null ? LOOK_AHEAD_MS : millisOfMicros(next - now) + 1;
  }
}
