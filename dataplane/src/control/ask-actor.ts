import type { ActorService } from "@aibridge/proto";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { AskActor } from "./ports.ts";

/** Longest wait for an actor service's answer. */
const timeoutMs = 5_000;

/** Asks an ActorService over its client. */
export function askActor(client: Client<typeof ActorService>): AskActor {
  return async ({ token, ...query }) => {
    const answer = await client.resolveActor(
      { credential: { case: "token", value: token }, ...query },
      { timeoutMs },
    );
    if (answer.actor === undefined || answer.actor.id === "")
      throw new ConnectError("the actor service answered without an actor", Code.Unavailable);
    const cacheForMs = answer.cacheFor === undefined ? 0 : durationMs(answer.cacheFor);
    return { actor: answer.actor, byokAllowed: answer.byokAllowed, cacheForMs };
  };
}
