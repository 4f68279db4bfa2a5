import { expect, test } from "vitest";
import { Gathering } from "./gathering.ts";

test("without a backlog nobody waits", () => {
  const gathering = new Gathering();
  expect(gathering.goesOn(1, 0, 100)).toBe(false);
  gathering.transactionEnded(63, 100, 110);
  expect(gathering.goesOn(63, 0, 110)).toBe(false);
});

test("behind a backlog more may join for twice as long as the last transaction took", () => {
  const gathering = new Gathering();
  gathering.transactionEnded(64, 100, 110);
  expect(gathering.goesOn(1, 0, 129)).toBe(true);
  expect(gathering.goesOn(1, 0, 130)).toBe(false);
});

test("what is full, or does not grow any more, is stored at once", () => {
  const gathering = new Gathering();
  gathering.transactionEnded(256, 100, 110);
  expect(gathering.goesOn(1023, 256, 111)).toBe(true);
  expect(gathering.goesOn(1024, 256, 111)).toBe(false);
  expect(gathering.goesOn(256, 256, 111)).toBe(false);
});

test("a small transaction ends the backlog", () => {
  const gathering = new Gathering();
  gathering.transactionEnded(256, 100, 110);
  gathering.transactionEnded(5, 110, 111);
  expect(gathering.goesOn(5, 0, 112)).toBe(false);
});
