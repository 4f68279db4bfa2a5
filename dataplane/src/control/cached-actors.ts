import { Code, ConnectError } from "@connectrpc/connect";
import { fromActorDenial } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import { LruMap } from "../memory/lru-map.ts";
import { credentialKey } from "./credential-key.ts";
import type { ActorAnswer, ActorQuery, Actors, IdentifyCaller, ResolvedActor } from "./ports.ts";

export interface CachedActorsOptions {
  readonly ask: IdentifyCaller;
  /** Milliseconds for which a positive answer serves while the service is unreachable. Read at each use. */
  readonly staleForMs: () => number;
  /** Positive answers kept at most; the least recently used goes first. @default 50000 */
  readonly maxKnown?: number;
  /** Refusals kept at most, apart from the positive answers. @default 4096 */
  readonly maxRefusals?: number;
  /** The clock, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** Longest time an answer is kept, whatever the service says. */
const maxFreshMs = 300_000;
const refusalMs = 5_000;

/** A positive answer. */
interface Known {
  readonly answer: ActorAnswer;
  /** Until when it is used without asking. */
  freshUntil: number;
  /** When the service last confirmed it. */
  readonly confirmedAt: number;
}

/** A negative answer, to be repeated for a while. */
interface Refusal {
  readonly error: GatewayError;
  readonly until: number;
}

/**
 * Remembers who credentials belong to, by the credential's SHA-256 and the provider. Positive answers are kept as long
 * as the service says (at most 5 minutes) and serve longer only while it is unreachable; refusals are kept 5 seconds,
 * unavailability never. One question at a time for each credential.
 *
 * Refusals have a small memory of their own: a flood of invented credentials costs questions, but pushes out nobody.
 */
export class CachedActors implements Actors {
  readonly #options: CachedActorsOptions;
  readonly #now: () => number;
  readonly #known: LruMap<Known>;
  readonly #refusals: LruMap<Refusal>;
  readonly #asking = new Map<string, Promise<ResolvedActor>>();
  /** Counts the times at which answers on their way became doubtful. */
  #epoch = 0;
  /** Counts how often the services were reached again. */
  #reconnections = 0;
  /** The last question found the service unreachable. */
  #away = false;

  constructor(options: CachedActorsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#known = new LruMap(options.maxKnown ?? 50_000);
    this.#refusals = new LruMap(options.maxRefusals ?? 4_096);
  }

  resolve(query: ActorQuery): ResolvedActor | Promise<ResolvedActor> {
    const key = `${credentialKey(query.credential)} ${query.providerName}`;
    const known = this.#known.get(key);
    if (known !== undefined && this.#now() < known.freshUntil) return known.answer;
    const refusal = this.#refusals.get(key);
    if (refusal !== undefined && this.#now() < refusal.until) throw refusal.error;
    const asking = this.#asking.get(key) ?? this.#askOnce(key, query);
    if (!this.#away || !this.#servesStale(known)) return asking;
    // It may take seconds to find the service unreachable once more: that is not for each request to wait for.
    asking.catch(() => undefined);
    return known.answer;
  }

  /** Everything known must be confirmed before its next use (while the service can be reached). */
  markStale(): void {
    this.#doubtAnswersUnderWay();
    this.#refusals.clear();
    for (const [, known] of this.#known) known.freshUntil = 0;
  }

  /** The services were reached again: what happened meanwhile is not known. */
  reconnected(): void {
    this.#reconnections++;
    this.#away = false;
    this.markStale();
  }

  /** Forgets answers about a credential or an actor. */
  invalidate(scope: { readonly apiKeyId?: string; readonly actorId?: string }): void {
    this.#doubtAnswersUnderWay();
    for (const [key, { answer }] of this.#known)
      if (answer.actor.apiKeyId === scope.apiKeyId || answer.actor.id === scope.actorId)
        this.#known.delete(key);
  }

  /** Answers to questions asked before now serve those who wait for them, and nobody else. */
  #doubtAnswersUnderWay(): void {
    this.#epoch++;
    this.#asking.clear();
  }

  #askOnce(key: string, query: ActorQuery): Promise<ResolvedActor> {
    const asking = this.#ask(key, query).finally(() => {
      if (this.#asking.get(key) === asking) this.#asking.delete(key);
    });
    this.#asking.set(key, asking);
    return asking;
  }

  async #ask(key: string, query: ActorQuery): Promise<ResolvedActor> {
    const epoch = this.#epoch;
    const reconnections = this.#reconnections;
    try {
      const answer = await this.#options.ask(query);
      this.#away = false;
      if (epoch === this.#epoch) this.#learn(key, answer);
      return answer;
    } catch (error) {
      // The end of an old connection says nothing about the one that took its place.
      if (isUnreachable(error) && reconnections === this.#reconnections) this.#away = true;
      return this.#withoutAnswer(key, error);
    }
  }

  #learn(key: string, answer: ActorAnswer): void {
    const now = this.#now();
    const freshMs = Math.min(answer.cacheForMs, maxFreshMs, answer.expiresInMs ?? Number.POSITIVE_INFINITY);
    this.#refusals.delete(key);
    if (freshMs > 0) this.#known.set(key, { answer, freshUntil: now + freshMs, confirmedAt: now });
    else this.#known.delete(key);
  }

  #withoutAnswer(key: string, error: unknown): ResolvedActor {
    const refusal = error instanceof GatewayError ? error : fromActorDenial(ConnectError.from(error));
    if (refusal.status !== 503) {
      this.#away = false;
      if (isLasting(refusal)) this.#refuse(key, refusal);
      throw refusal;
    }
    // What was invalidated meanwhile is not known any more and cannot stand in for the service.
    const known = this.#known.get(key);
    if (this.#servesStale(known)) return known.answer;
    throw refusal;
  }

  #refuse(key: string, error: GatewayError): void {
    this.#known.delete(key);
    this.#refusals.set(key, { error, until: this.#now() + refusalMs });
  }

  #servesStale(known: Known | undefined): known is Known {
    if (known === undefined) return false;
    const { answer, confirmedAt } = known;
    const usableMs = Math.min(this.#options.staleForMs(), answer.expiresInMs ?? Number.POSITIVE_INFINITY);
    return this.#now() - confirmedAt < usableMs;
  }
}

/** A refusal that would be the same a moment later; a limit (429) may not be. */
function isLasting({ code }: GatewayError): boolean {
  return code === "unauthenticated" || code === "permission_denied";
}

/** Nothing was reached that could have answered, as opposed to a service that failed at this one question. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  return error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
}
