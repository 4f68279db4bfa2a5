import { setMember } from "../../../json/edit-member.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { LruMap } from "../../../memory/lru-map.ts";
import type { ObservedError } from "../../observation.ts";

/** The beta that lets a request say what becomes of thoughts which do not fit (types of @anthropic-ai/sdk 1.12). */
export const bindingBeta = "thinking-binding-controls-2026-08-01";

/**
 * About the member, the beta ("invalid beta flag" is Bedrock's), a model without adaptive thinking, or a request that must
 * not say that it thinks because its tool choice forces a call.
 */
const complaint = /block_binding|binding-controls|beta flag|adaptive|thinking may not be enabled/i;

/** Whether thoughts of one conversation are known to have lost what they are bound to. */
export interface LooseThoughts {
  known: boolean;
}

/** Longer names of conversations are not remembered. */
const maxKeyLength = 1024;

/**
 * Remembers conversations with thoughts that the provider takes for those of another one: their requests go out in a
 * form that it takes. What is forgotten costs one refused request.
 */
export class LooseThoughtMemory {
  readonly #conversations: LruMap<true>;

  /** @param maxEntries conversations remembered. @default 10 000 */
  constructor(maxEntries = 10_000) {
    this.#conversations = new LruMap(maxEntries);
  }

  /** @param key names one conversation: of an actor, with a provider and a model */
  of(key: string): LooseThoughts {
    const conversations = this.#conversations;
    return {
      get known() {
        return conversations.get(key) === true;
      },
      set known(known) {
        if (!known) conversations.delete(key);
        else if (key.length <= maxKeyLength) conversations.set(key, true);
      },
    };
  }
}

/** True if the provider refused thoughts because of what stands before them. */
export function isOfLooseThoughts({ message }: ObservedError): boolean {
  return message.includes("bound to a different conversation");
}

/** True if the provider does not know how to leave such thoughts out, or cannot for this model. */
export function isOfDropping(error: ObservedError): boolean {
  return !isOfLooseThoughts(error) && complaint.test(error.message);
}

/**
 * The request with the wish that thoughts which do not fit are left out. Undefined where that cannot be wished for: the
 * client decides itself, or has thinking switched off.
 */
export function droppingLooseThoughts(request: Buffer): Buffer | undefined {
  const body = JsonObject.parse(request);
  const thinking = body.object("thinking");
  // Models that bind thoughts think of themselves: to say so changes nothing.
  if (thinking === undefined)
    return isAbsent(body, "thinking")
      ? setMember(body, "thinking", `{"type":"adaptive","block_binding":${dropping}}`)
      : undefined;
  if (!["adaptive", "enabled"].includes(thinking.string("type") ?? "")) return undefined;
  const binding = thinking.object("block_binding");
  if (binding === undefined)
    return isAbsent(thinking, "block_binding") ? setMember(thinking, "block_binding", dropping) : undefined;
  if (!isAbsent(binding, behavior)) return undefined;
  return setMember(binding, behavior, '"drop_block"');
}

const behavior = "prefix_mismatch_behavior";
const dropping = `{"${behavior}":"drop_block"}`;

function isAbsent(object: JsonObject, member: string): boolean {
  return ["", "null"].includes(object.raw(member));
}
