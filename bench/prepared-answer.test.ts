import { expect, test } from "vitest";
import { renderAnswers } from "./answers.ts";
import { prepareAnswer } from "./prepared-answer.ts";
import { MessageReader } from "./wire/message-reader.ts";
import { cpuWorkloads, memoryWorkloads } from "./workloads.ts";

const answers = renderAnswers();

/** Body bytes that a client has after each of the writes, and whether the answer is whole by then. */
function receive(writes: readonly Buffer[]) {
  let body = Buffer.alloc(0);
  let ended = 0;
  const reader = new MessageReader({
    head: (startLine) => expect(startLine).toBe("HTTP/1.1 200 OK"),
    body: (bytes) => {
      body = Buffer.concat([body, bytes]);
    },
    end: () => {
      ended += 1;
    },
  });
  const afterEach = writes.map((write) => {
    reader.push(write);
    return { bytes: body.length, ended };
  });
  return { body, afterEach };
}

test.each([...cpuWorkloads, ...memoryWorkloads])(
  "a client reads the prepared answer of $name",
  (workload) => {
    const answer = prepareAnswer(answers[workload.api], workload.delivery);
    const received = receive(answer.writes);
    expect(received.body.equals(answer.body)).toBe(true);
    expect(received.afterEach[0]?.bytes).toBe(answer.firstBodyBytes);
    const endedAfter = received.afterEach.map(({ ended }) => ended);
    expect(endedAfter).toEqual(answer.writes.map((_, index) => (index === answer.writes.length - 1 ? 1 : 0)));
  },
);

test.each([
  { delivery: "whole", writes: 1 },
  { delivery: "burst", writes: 1 },
  { delivery: "held", writes: 2 },
] as const)("$delivery takes $writes writes", ({ delivery, writes }) => {
  expect(prepareAnswer(answers.messages, delivery).writes).toHaveLength(writes);
});

test("a paced answer is written event by event", () => {
  const { writes, body } = prepareAnswer(answers.messages, "paced");
  expect(writes).toHaveLength(body.toString().split("\n\n").length - 1);
});
