import { expect, test } from "vitest";
import { GatewayError } from "../errors/gateway-error.ts";
import { ConcurrencyLimits } from "./concurrency-limits.ts";

const bounds = { concurrency: 3, perActorConcurrency: 2 };

function refusal(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("one actor has a bound of its own", () => {
  const limits = new ConcurrencyLimits();
  const leave = limits.enter("alice", bounds);
  limits.enter("alice", bounds);
  expect(refusal(() => limits.enter("alice", bounds))).toMatchObject({ code: "rate_limited", retryAfter: 1 });
  limits.enter("bob", bounds);
  leave();
  limits.enter("alice", bounds);
});

test("all actors together have a bound, which a refused request does not use up", () => {
  const limits = new ConcurrencyLimits();
  const leave = limits.enter("alice", bounds);
  limits.enter("bob", bounds);
  limits.enter("carol", bounds);
  for (let i = 0; i < 5; i += 1)
    expect(refusal(() => limits.enter("dave", bounds))).toMatchObject({ code: "overloaded", retryAfter: 1 });
  leave();
  limits.enter("dave", bounds);
});

test("actors without requests are forgotten", () => {
  const limits = new ConcurrencyLimits();
  const leaves = ["alice", "alice", "bob"].map((actor) => limits.enter(actor, bounds));
  for (const leave of leaves) leave();
  expect([limits.requests, limits.actors]).toEqual([0, 0]);
});

test("a lowered bound ends nothing, and counts from then on", () => {
  const limits = new ConcurrencyLimits();
  const leave = limits.enter("alice", bounds);
  limits.enter("alice", bounds);
  const lowered = { concurrency: 3, perActorConcurrency: 1 };
  leave();
  expect(refusal(() => limits.enter("alice", lowered)).code).toBe("rate_limited");
});
