import { expect, test } from "vitest";
import { TurnDownstream } from "./turn-downstream.ts";

/** What reaches the client. */
function client() {
  const seen: string[] = [];
  const downstream = {
    started: false,
    gone: false,
    saturated: false,
    listener: undefined,
    start: (status: number, headers: string[]) => void seen.push([status, ...headers].join(" ")),
    flushHeaders: () => {
      downstream.started = true;
    },
    write(chunk: Buffer) {
      downstream.started = true;
      seen.push(chunk.toString());
    },
    end: () => void seen.push("end"),
    cut: () => void seen.push("cut"),
  };
  const turns = new TurnDownstream(downstream);
  return { seen, turns };
}

test("a whole answer says how long it is", () => {
  const { seen, turns } = client();
  turns.beginTurn(() => true);
  turns.start(200, ["a", "b"]);
  turns.writeWhole(Buffer.from("né"));
  turns.end();
  expect(seen).toEqual(["200 a b content-length 3", "né", "end"]);
});

test("an answer of several turns has the first head, and ends with the last turn", () => {
  const { seen, turns } = client();
  turns.beginTurn(() => false);
  turns.start(200, ["turn", "1"]);
  turns.write(Buffer.from("one"));
  turns.end();
  turns.beginTurn(() => true);
  turns.start(200, ["turn", "2"]);
  turns.writeWhole(Buffer.from("two"));
  turns.end();
  expect(seen).toEqual(["200 turn 1", "one", "two", "end"]);
});

test("while nothing went out, the head is that of the turn which has something", () => {
  const { seen, turns } = client();
  turns.beginTurn(() => false);
  turns.start(200, ["turn", "1"]);
  turns.end();
  turns.beginTurn(() => true);
  turns.start(201, ["turn", "2"]);
  turns.end();
  expect(seen).toEqual(["201 turn 2", "end"]);
});

test("what a later turn was refused with does not reach the client", () => {
  const { seen, turns } = client();
  turns.start(200, []);
  turns.write(Buffer.from("one"));
  turns.beginTurn(() => false);
  turns.start(429, []);
  turns.write(Buffer.from("{}"));
  expect(turns.refusedStatus).toBe(429);
  turns.cut(undefined);
  expect(seen).toEqual(["200", "one", "cut"]);
});
