import { expect, test } from "vitest";
import { killStorm, useStormGateway } from "../faults/kill-storm.ts";
import { databaseKinds } from "../support/use-gateway.ts";

test.each(databaseKinds)(
  "%s: both planes killed again and again under mixed traffic: everything that was seen is stored, once",
  async (database) => {
    const seed = 20_261_122;
    await using gateway = await useStormGateway(seed, database);
    const outcome = await killStorm(gateway, { interceptions: 600, kills: 3, seed });
    expect(outcome.problems).toEqual([]);
    expect(outcome.kills).toEqual({ dataPlane: 3, controlPlane: 3 });
    expect(outcome.storedTokens).toEqual(outcome.sentTokens);
    // The storm has hit: requests were cut, and closed after the next start.
    expect(outcome.crashed).toBeGreaterThan(0);
  },
  90_000,
);
