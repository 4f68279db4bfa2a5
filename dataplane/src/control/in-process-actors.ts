import { type Actor, ActorSchema } from "@aibridge/proto";
import { create, type JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { hostFailure } from "../errors/host-failure.ts";
import { withinTime } from "../errors/within-time.ts";
import type { Logger } from "../telemetry/log.ts";
import type { ActorAnswer, ActorCredential, ActorQuery, AskActor } from "./ports.ts";

/** Who a host says a caller is. */
export interface HostActor {
  /** The host's own id of the user, at least one character. */
  readonly id: string;
  /** A name for people. @default the id */
  readonly name?: string | undefined;
  /** Id of the credential that was presented, so that it can be forgotten by it. @default "" */
  readonly apiKeyId?: string | undefined;
  /** Kept with each of the actor's interceptions. @default {} */
  readonly metadata?: JsonObject | undefined;
  /** True lets this actor bring a provider credential of its own. @default false */
  readonly byokAllowed?: boolean | undefined;
  /** Milliseconds for which the answer is kept, at most 5 minutes. @default 0: asked at each request */
  readonly cacheForMs?: number | undefined;
}

/** An actor service in this process. */
export interface ActorFunctions {
  /**
   * Says who presented a credential; undefined if nobody known did: the caller gets a 401. A `ConnectError` with
   * `Code.PermissionDenied` is answered 403, with `Code.ResourceExhausted` 429, anything else that is thrown 503.
   */
  resolveActor(query: ActorQuery<ActorCredential>): Promise<HostActor | undefined> | HostActor | undefined;
}

/** Longest wait for an answer. */
const timeoutMs = 5_000;

/** Statuses that are answers about the caller; any other one is a failure of the function. */
const denials = new Set([Code.Unauthenticated, Code.PermissionDenied, Code.ResourceExhausted]);

/** Asks a host's function. */
export function askInProcess(actors: ActorFunctions, log: Logger): AskActor {
  const ask = async (query: ActorQuery<ActorCredential>) => answerOf(await actors.resolveActor(query));
  return async (query) => {
    try {
      return await withinTime(ask(query), timeoutMs);
    } catch (error) {
      const failure = hostFailure("resolveActor", error);
      if (!denials.has(failure.code)) log.error({ reason: failure.rawMessage }, "actors cannot be resolved");
      throw failure;
    }
  };
}

function answerOf(found: HostActor | undefined): ActorAnswer {
  if (found === undefined) throw new ConnectError("nobody has this credential", Code.Unauthenticated);
  if (typeof found.id !== "string" || found.id === "")
    throw new TypeError("resolveActor answered without an id");
  return {
    actor: toActor(found),
    byokAllowed: found.byokAllowed ?? false,
    cacheForMs: found.cacheForMs ?? 0,
  };
}

function toActor({ id, name = id, apiKeyId = "", metadata = {} }: HostActor): Actor {
  return create(ActorSchema, { id, name, apiKeyId, metadata });
}
