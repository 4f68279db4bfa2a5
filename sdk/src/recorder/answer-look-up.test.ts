import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { inProcessRecorder } from "./in-process-recorder.ts";
import type { LastMessage, MessageFinder, MessageQuery } from "./message-finder.ts";
import { Ledger } from "./test-support/ledger.ts";
import { servers, useRecorder } from "./test-support/use-recorder.ts";

const query: MessageQuery = { initiatorId: "alice", providerName: "openai", messageId: "resp_1" };
const last: LastMessage = { messageId: "resp_3", pendingCallIds: ["call_1", "call_2"] };

/** What a database that is asked for one row gives where there is none. */
const noRow = null as unknown as undefined;

function ledgerWith(find: MessageFinder["findLastMessage"]) {
  return Object.assign(new Ledger(), { findLastMessage: find });
}

describe.each(servers)("FindLastMessage on %s", (server) => {
  test("is answered by the host's function", async () => {
    const asked: MessageQuery[] = [];
    const { client } = await useRecorder(
      server,
      ledgerWith((given) => {
        asked.push(given);
        if (given.messageId === "resp_3") return noRow;
        return given.messageId === "resp_1" ? last : undefined;
      }),
    );
    expect(await client.findLastMessage(query)).toMatchObject(last);
    for (const messageId of ["resp_2", "resp_3"])
      await expect(client.findLastMessage({ ...query, messageId })).rejects.toMatchObject({
        code: Code.NotFound,
      });
    await expect(client.findLastMessage({ ...query, messageId: "" })).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
    expect(asked.map(({ messageId }) => messageId)).toEqual(["resp_1", "resp_2", "resp_3"]);
    expect(asked[0]).toEqual(query);
  });

  test("is not there without one", async () => {
    const { client } = await useRecorder(server, new Ledger());
    await expect(client.findLastMessage(query)).rejects.toMatchObject({ code: Code.Unimplemented });
  });

  test("tells a data plane nothing of why the function failed", async () => {
    const failures: string[] = [];
    const { client } = await useRecorder(
      server,
      ledgerWith(() => Promise.reject(new Error("secret of the database"))),
      { onFailure: (error, name) => failures.push(`${name}: ${(error as Error).message}`) },
    );
    await expect(client.findLastMessage(query)).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "messages cannot be looked up now",
    });
    expect(failures).toEqual(["findLastMessage: secret of the database"]);
  });
});

test("a gateway in the same process asks the host's function, where there is one", async () => {
  const recorder = inProcessRecorder({ recordBatch: () => undefined, findLastMessage: () => last });
  expect(await recorder.findLastMessage?.(query)).toEqual(last);
  expect(inProcessRecorder({ recordBatch: () => undefined })).not.toHaveProperty("findLastMessage");
});
