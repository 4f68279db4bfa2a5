import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { errorCode } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { Logger } from "../telemetry/log.ts";

export interface RemoteKeysOptions {
  /** Where the JSON Web Key Set is (RFC 7517). */
  readonly url: string;
  readonly log: Logger;
  /** The clock, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** Age at which keys are fetched again, so that a withdrawn key stops working. */
const maxAgeMs = 600_000;
/** Age up to which keys still serve while new ones cannot be fetched. */
const maxStaleMs = 3_600_000;
/** Shortest time between two fetches: unknown key ids come from clients and must not make the gateway hammer the URL. */
const cooldownMs = 5_000;
const timeoutMs = 5_000;

/**
 * The public keys that an identity provider publishes. They are fetched at first use, every 10 minutes, and when a token
 * names a key that is not among them; one fetch at a time and at most one in 5 seconds.
 */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions;
  readonly #now: () => number;
  #keys: JWTVerifyGetKey | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #failed = false;
  #fetching: Promise<void> | undefined;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get url(): string {
    return this.#options.url;
  }

  /**
   * Finds the key for a token's header, as `jwtVerify` asks for it. Rejects with JWKSNoMatchingKey if there is none, and
   * with a GatewayError (503) if that cannot be known because the keys cannot be fetched.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#age() >= maxAgeMs) await this.#refresh();
    try {
      return await this.#usableKeys()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      // A key published since the last fetch that worked would not be known here.
      if (this.#failed) throw keysUnavailable();
      return await this.#usableKeys()(header, token);
    }
  };

  #usableKeys(): JWTVerifyGetKey {
    if (this.#keys === undefined || this.#age() >= maxStaleMs) throw keysUnavailable();
    return this.#keys;
  }

  #age(): number {
    return this.#now() - this.#fetchedAt;
  }

  /** Fetches the keys unless that was just tried. Never rejects: what is known goes on serving. */
  #refresh(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#now() - this.#triedAt < cooldownMs) return Promise.resolve();
    this.#triedAt = this.#now();
    this.#fetching = this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, log } = this.#options;
    try {
      this.#keys = await fetchKeys(url);
      this.#fetchedAt = this.#now();
      if (this.#failed) log.info({ url }, "the signing keys can be fetched again");
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        log.warn({ url, reason: failureReason(error) }, "the signing keys cannot be fetched: trying again");
      this.#failed = true;
    }
  }
}

async function fetchKeys(url: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(url, {
    headers: { accept: "application/json, application/jwk-set+json" },
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw Object.assign(new Error("unexpected status"), { code: `status ${response.status}` });
  }
  return createLocalJWKSet((await response.json()) as Parameters<typeof createLocalJWKSet>[0]);
}

/** "ECONNREFUSED", "status 404", "SyntaxError": `fetch` keeps the interesting part in the cause. */
function failureReason(error: unknown): string {
  return errorCode(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

function keysUnavailable(): GatewayError {
  return new GatewayError(
    "actors_unavailable",
    "The gateway cannot get the keys to check your token with right now. Try again shortly.",
    { retryAfter: 5 },
  );
}
