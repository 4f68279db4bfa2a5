import type { Requirement } from "../requirement.ts";
import { channelRequirements } from "./channel.ts";
import { concurrencyRequirements } from "./concurrency.ts";
import { contentRequirements } from "./content.ts";
import { idempotencyRequirements } from "./idempotency.ts";
import { lookUpRequirements } from "./look-up.ts";
import { orderRequirements } from "./order.ts";
import { rejectionRequirements } from "./rejection.ts";
import { storedRequirements } from "./stored.ts";
import { streamRequirements } from "./stream.ts";
import { unaryRequirements } from "./unary.ts";

/** Everything that is asked of a recorder, in the order in which it is checked. */
export const REQUIREMENTS: readonly Requirement[] = [
  ...channelRequirements,
  ...unaryRequirements,
  ...streamRequirements,
  ...idempotencyRequirements,
  ...rejectionRequirements,
  ...orderRequirements,
  ...contentRequirements,
  ...concurrencyRequirements,
  ...storedRequirements,
  ...lookUpRequirements,
];
