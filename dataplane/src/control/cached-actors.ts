import { hash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { fromActorDenial } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { ActorAnswer, ActorQuery, Actors, AskActor, ResolvedActor } from "./ports.ts";

export interface CachedActorsOptions {
  readonly ask: AskActor;
  /** Milliseconds for which a positive answer serves while the service is unreachable. Read at each use. */
  readonly staleForMs: () => number;
  /** Answers kept at most; the least recently used goes first. @default 50000 */
  readonly maxEntries?: number;
  /** The clock, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** Longest time an answer is kept, whatever the service says. */
const maxFreshMs = 300_000;
const refusalMs = 5_000;

interface Entry {
  /** What was answered: an actor, or the refusal to repeat. */
  answer: ActorAnswer | GatewayError;
  /** Until when it is used without asking. */
  freshUntil: number;
  /** When the service last confirmed it. */
  readonly confirmedAt: number;
}

/**
 * Remembers who credentials belong to, by the credential's SHA-256 and the provider. Positive answers are kept as long
 * as the service says (at most 5 minutes) and serve longer only while it is unreachable; refusals are kept 5 seconds,
 * unavailability never. One question at a time for each credential.
 */
export class CachedActors implements Actors {
  readonly #options: CachedActorsOptions;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<ResolvedActor>>();

  constructor(options: CachedActorsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  resolve(query: ActorQuery): ResolvedActor | Promise<ResolvedActor> {
    const key = `${hash("sha256", query.token, "base64")} ${query.providerName}`;
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#now() < entry.freshUntil) return this.#use(key, entry);
    return this.#asking.get(key) ?? this.#askOnce(key, query, entry);
  }

  /** Everything known must be confirmed before its next use (while the service can be reached). */
  markStale(): void {
    for (const entry of this.#entries.values()) entry.freshUntil = 0;
  }

  /** Forgets answers about a credential or an actor. */
  invalidate(scope: { readonly apiKeyId?: string; readonly actorId?: string }): void {
    for (const [key, { answer }] of this.#entries) {
      if (answer instanceof GatewayError) continue;
      if (answer.actor.apiKeyId === scope.apiKeyId || answer.actor.id === scope.actorId)
        this.#entries.delete(key);
    }
  }

  /** Moves an entry to the young end of the map, which keeps insertion order. */
  #use(key: string, entry: Entry): ResolvedActor {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (entry.answer instanceof GatewayError) throw entry.answer;
    return entry.answer;
  }

  #askOnce(key: string, query: ActorQuery, known: Entry | undefined): Promise<ResolvedActor> {
    const asking = this.#ask(key, query, known).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #ask(key: string, query: ActorQuery, known: Entry | undefined): Promise<ResolvedActor> {
    try {
      const answer = await this.#options.ask(query);
      const freshMs = Math.min(answer.cacheForMs, maxFreshMs);
      if (freshMs > 0) this.#remember(key, answer, freshMs);
      else this.#entries.delete(key);
      return answer;
    } catch (error) {
      return this.#withoutAnswer(key, known, ConnectError.from(error));
    }
  }

  #withoutAnswer(key: string, known: Entry | undefined, error: ConnectError): ResolvedActor {
    const refusal = fromActorDenial(error);
    if (refusal.status !== 503) {
      const lasting = error.code === Code.Unauthenticated || error.code === Code.PermissionDenied;
      if (lasting) this.#remember(key, refusal, refusalMs);
      throw refusal;
    }
    // Only an answer that was not invalidated meanwhile may stand in for the unreachable service.
    const stale =
      known !== undefined && this.#entries.get(key) === known && !(known.answer instanceof GatewayError);
    if (stale && this.#now() - known.confirmedAt < this.#options.staleForMs())
      return known.answer as ActorAnswer;
    throw refusal;
  }

  #remember(key: string, answer: ActorAnswer | GatewayError, freshMs: number): void {
    const now = this.#now();
    this.#entries.delete(key);
    this.#entries.set(key, { answer, freshUntil: now + freshMs, confirmedAt: now });
    if (this.#entries.size <= (this.#options.maxEntries ?? 50_000)) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
