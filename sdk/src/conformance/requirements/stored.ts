import type { GetInterceptionResponse, InterceptionEnded } from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import type { Requirement } from "../requirement.ts";
import {
  interception,
  interceptionEnded,
  modelThought,
  promptUsage,
  type RecordBody,
  tokenUsage,
  toolUsage,
  wholeInterception,
} from "../sample-records.ts";
import { expectStored, readInterception } from "../stored-records.ts";
import type { Trial } from "../trial.ts";
import { Unmet } from "../unmet.ts";
import { AWKWARD_TEXT, LARGE_PROMPT } from "./awkward-content.ts";

/** What was acknowledged is there, whole and once. Needs a UsageService to read it by. */
export const storedRequirements: readonly Requirement[] = [
  {
    id: "REC-81",
    sentence: "What was acknowledged can be read at once, every member as it was sent.",
    needs: ["usage"],
    check: (trial) => eachWay(trial, wholeInterception),
  },
  {
    id: "REC-82",
    sentence: "Records sent again, in one batch, on another stream or by call, are stored once.",
    needs: ["usage"],
    async check(trial) {
      const records = wholeInterception();
      await trial.storeByCalls([...records, ...records]);
      if (trial.settings.streams) {
        await trial.storeByStream([...records, ...records]);
        await trial.storeByStream(records);
      }
      await expectStored(trial, records);
    },
  },
  {
    id: "REC-83",
    sentence: "Long and awkward texts are stored as they are, to the last byte.",
    needs: ["usage"],
    check: (trial) => eachWay(trial, textRecords),
  },
  {
    id: "REC-84",
    sentence: "Records that came before their interception belong to it once it is there.",
    needs: ["usage"],
    check: (trial) => eachWay(trial, () => wholeInterception().reverse()),
  },
  {
    id: "REC-85",
    sentence: "A real end replaces a provisional one, never the reverse; of two real ones the first stays.",
    needs: ["usage"],
    async check(trial) {
      await expectEnd(trial, [{ provisional: true }, { provisional: false }], 1);
      await expectEnd(trial, [{ provisional: false }, { provisional: true }], 0);
      await expectEnd(trial, [{ provisional: false }, { provisional: false }], 0);
    },
  },
  {
    id: "REC-86",
    sentence: "A rejected record is not stored, and those before and behind it in its batch are.",
    needs: ["usage", "stream"],
    async check(trial) {
      const id = uuidv7();
      const before = [interception({ id }), promptUsage(id)];
      const behind = [modelThought(id), interceptionEnded(id)];
      const stream = trial.openStream();
      stream.send([...before, promptUsage(id, { createdAt: undefined }), ...behind]);
      await stream.expectAcknowledged();
      await expectStored(trial, [...before, ...behind]);
    },
  },
];

/** Stores records of one interception in every way the recorder has, and reads them back. */
async function eachWay(trial: Trial, makeRecords: () => readonly RecordBody[]): Promise<void> {
  const called = makeRecords();
  await trial.storeByCalls(called);
  await expectStored(trial, called);
  if (trial.settings.streams) {
    const streamed = makeRecords();
    await trial.storeByStream(streamed);
    await expectStored(trial, streamed);
  }
}

function textRecords(): RecordBody[] {
  const id = uuidv7();
  const text = AWKWARD_TEXT;
  return [
    interception({ id, model: text, userAgent: text, metadata: { [text]: text } }),
    promptUsage(id, { prompt: LARGE_PROMPT }),
    modelThought(id, { content: text }),
    toolUsage(id, { tool: text, input: text }),
    tokenUsage(id, { inputTokens: 2n ** 53n + 1n, extraTokenTypes: { [text]: 2n ** 53n + 1n } }),
    interceptionEnded(id, { errorMessage: text }),
  ];
}

/** Stores ends of one interception one after the other; the one with this index must be what is read. */
async function expectEnd(
  trial: Trial,
  ends: readonly Pick<InterceptionEnded, "provisional">[],
  lasting: number,
): Promise<void> {
  const id = uuidv7();
  const records = ends.map((end, index) => interceptionEnded(id, { ...end, httpStatus: 500 + index }));
  await trial.storeByCalls([interception({ id }), ...records]);
  const stored: GetInterceptionResponse = await readInterception(trial, id);
  if (stored.ended?.httpStatus !== 500 + lasting) {
    const words = ends.map(({ provisional }) => (provisional ? "a provisional end" : "a real end"));
    throw new Unmet(
      `end ${lasting + 1} to stay after ${words.join(" and then ")}`,
      stored.ended === undefined ? "no end" : `end ${stored.ended.httpStatus - 499}`,
    );
  }
}
