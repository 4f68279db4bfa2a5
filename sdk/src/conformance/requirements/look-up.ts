import { uuidv7 } from "@aibridge/proto/channel";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { Requirement } from "../requirement.ts";
import {
  interception,
  interceptionEnded,
  type RecordBody,
  SAMPLE_ACTOR,
  tokenUsage,
  toolUsage,
} from "../sample-records.ts";
import { describeStatus, errorStatus, type Status, statusName } from "../status.ts";
import type { Trial } from "../trial.ts";
import { Unmet } from "../unmet.ts";

/** An interception of two answers; the last one has calls that were run, and one that was not. */
interface Sample {
  readonly first: string;
  readonly last: string;
  readonly pending: string;
  readonly records: readonly RecordBody[];
}

/** Finding messages again, which a recorder may leave out. */
export const lookUpRequirements: readonly Requirement[] = [
  {
    id: "REC-91",
    sentence:
      "FindLastMessage answers UNIMPLEMENTED, or with the last message of the actor's interception, or NOT_FOUND.",
    needs: [],
    async check(trial) {
      const sample = sampleOfTwoAnswers();
      await trial.storeByCalls(sample.records);
      const answered = await find(trial, sample.first);
      if ("code" in answered && answered.code === Code.Unimplemented) {
        return;
      }
      expectFound("the first message", answered, sample);
      expectFound("the last message", await find(trial, sample.last), sample);
      expectNotFound("another actor", await find(trial, sample.first, { initiatorId: uuidv7() }));
      expectNotFound("another provider", await find(trial, sample.first, { providerName: uuidv7() }));
      expectNotFound("an unknown message", await find(trial, `resp_${uuidv7()}`));
    },
  },
];

function sampleOfTwoAnswers(): Sample {
  const id = uuidv7();
  const [first, last, pending] = [`resp_${uuidv7()}`, `resp_${uuidv7()}`, `call_${uuidv7()}`];
  const started = Date.now();
  const at = (seconds: number) => ({ createdAt: timestampFromMs(started + 1000 * seconds) });
  const notRun = { invocationError: "not_run_mixed_turn", duration: undefined };
  return {
    first,
    last,
    pending,
    records: [
      interception({ id }),
      tokenUsage(id, { messageId: first, ...at(1) }),
      toolUsage(id, { messageId: first, toolCallId: `call_${uuidv7()}`, ...at(2) }),
      tokenUsage(id, { messageId: last, ...at(3) }),
      toolUsage(id, { messageId: last, toolCallId: pending, ...notRun, ...at(4) }),
      toolUsage(id, { messageId: last, toolCallId: `call_${uuidv7()}`, ...at(5) }),
      interceptionEnded(id),
    ],
  };
}

type Found = { readonly messageId: string; readonly pendingCallIds: readonly string[] };

async function find(
  trial: Trial,
  messageId: string,
  whose: { readonly initiatorId?: string; readonly providerName?: string } = {},
): Promise<Found | Status> {
  const query = { initiatorId: SAMPLE_ACTOR, providerName: SAMPLE_ACTOR, messageId, ...whose };
  try {
    return await trial.connection.recorder.findLastMessage(query, { timeoutMs: trial.settings.timeoutMs });
  } catch (error) {
    return errorStatus(error);
  }
}

function expectFound(what: string, answer: Found | Status, { last, pending }: Sample): void {
  const expected = describe({ messageId: last, pendingCallIds: [pending] });
  if (describe(answer) !== expected) {
    throw new Unmet(`${expected} for ${what}`, `${describe(answer)} for ${what}`);
  }
}

function expectNotFound(what: string, answer: Found | Status): void {
  if (!("code" in answer) || answer.code !== Code.NotFound) {
    throw new Unmet(`${statusName(Code.NotFound)} for ${what}`, `${describe(answer)} for ${what}`);
  }
}

function describe(answer: Found | Status): string {
  if ("code" in answer) {
    return describeStatus(answer);
  }
  return `message_id ${answer.messageId} with pending_call_ids [${answer.pendingCallIds.join(", ")}]`;
}
