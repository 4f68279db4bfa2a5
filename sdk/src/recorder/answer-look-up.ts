import type { FindLastMessageRequest, FindLastMessageResponseSchema } from "@aibridge/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallHost } from "./call-host.ts";
import type { MessageFinder } from "./message-finder.ts";

/** FindLastMessage by a host's function, if it has one. @throws ConnectError; of a failure a data plane learns no more than that */
export async function answerLookUp(
  finder: MessageFinder,
  { initiatorId, providerName, messageId }: FindLastMessageRequest,
  callHost: CallHost,
): Promise<MessageInitShape<typeof FindLastMessageResponseSchema>> {
  if (finder.findLastMessage === undefined) {
    throw new ConnectError("this recorder does not look messages up", Code.Unimplemented);
  }
  if (messageId === "") {
    throw new ConnectError("message_id is missing", Code.InvalidArgument);
  }
  const query = { initiatorId, providerName, messageId };
  const found = await callHost("findLastMessage", () => finder.findLastMessage?.(query)).catch(() => {
    throw new ConnectError("messages cannot be looked up now", Code.Unavailable);
  });
  // A host in JavaScript may say null.
  if (found === undefined || found === null) {
    throw new ConnectError("the actor has no answer with this message_id that has ended", Code.NotFound);
  }
  return { messageId: found.messageId, pendingCallIds: [...found.pendingCallIds] };
}
