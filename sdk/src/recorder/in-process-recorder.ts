import { hostCaller } from "./call-host.ts";
import type { MessageQuery } from "./message-finder.ts";
import type { CallOptions } from "./options.ts";
import { prepareStore } from "./prepare-store.ts";
import type { HostRecorder, RecorderFunctions } from "./recorder-functions.ts";

/**
 * The recorder that a host serves to data planes, for a gateway in the same process:
 * `createGateway({ recorder: inProcessRecorder(recorder) })`. What it adds to the host's functions is the same as over the
 * network: invalid records are rejected, and with `recordBatch` those that come together are stored together.
 */
export function inProcessRecorder(recorder: HostRecorder, options: CallOptions = {}): RecorderFunctions {
  const callHost = hostCaller(options);
  const store = prepareStore(recorder, callHost, options);
  return {
    ...(recorder.findLastMessage && {
      findLastMessage: (query: MessageQuery) =>
        callHost("findLastMessage", () => recorder.findLastMessage?.(query)),
    }),
    recordInterception: (value) => store({ case: "interception", value }),
    recordInterceptionEnded: (value) => store({ case: "interceptionEnded", value }),
    recordTokenUsage: (value) => store({ case: "tokenUsage", value }),
    recordPromptUsage: (value) => store({ case: "promptUsage", value }),
    recordToolUsage: (value) => store({ case: "toolUsage", value }),
    recordModelThought: (value) => store({ case: "modelThought", value }),
  };
}
