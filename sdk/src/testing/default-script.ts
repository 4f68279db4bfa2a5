import type { ModelAnswer } from "./answer.ts";
import { countTokens } from "./passthrough.ts";
import type { ProviderRequest } from "./request.ts";

const greeting = "This is a simulated answer: no model was asked.";

/**
 * Answers a sensible text to anything, so that every client has a working turn without a script. Tokens are counted
 * from the bytes of the request and of the answer. A warm-up (`generate: false`) generates nothing and bills nothing.
 */
export function defaultScript(request: ProviderRequest): ModelAnswer {
  if (request.members.generate === false) return { content: [], usage: "missing" };
  return {
    content: greeting,
    usage: { input: countTokens(request.body), output: countTokens(Buffer.from(greeting)) },
  };
}
