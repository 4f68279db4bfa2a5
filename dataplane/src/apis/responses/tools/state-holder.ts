import type { JsonObject } from "../../../json/json-object.ts";

/**
 * Who keeps what was said, and so how a further turn is asked for: `client`: the request repeats all of it; `provider`: it
 * names the response it goes on from; `conversation`: it names the conversation, which grows by itself.
 */
export type StateHolder = "client" | "provider" | "conversation";

/**
 * A response that is not stored cannot be gone on from, also where the request itself goes on from one that is: it goes
 * on from that one again, and repeats the rest.
 */
export function stateHolder(body: JsonObject): StateHolder {
  if (conversationId(body) !== undefined) return "conversation";
  return body.get("store") === false ? "client" : "provider";
}

/** Id of the conversation that the request adds to. */
export function conversationId(body: JsonObject): string | undefined {
  return body.string("conversation") ?? body.object("conversation")?.string("id");
}
