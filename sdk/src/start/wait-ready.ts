import { setTimeout as delay } from "node:timers/promises";
import type { PlaneProcess } from "./plane-process.ts";
import { StartFailure } from "./start-failure.ts";

const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/**
 * Waits until a plane says on its admin listener that it is ready.
 * @throws StartFailure if it ends before, or is not ready in time
 */
export async function waitReady(plane: PlaneProcess, adminUrl: string): Promise<void> {
  const finished = new AbortController();
  try {
    await Promise.race([pollReady(plane, adminUrl, finished.signal), failIfEnded(plane)]);
  } finally {
    finished.abort();
  }
}

/** Never resolves; rejects when the plane ends. */
export async function failIfEnded(plane: PlaneProcess): Promise<never> {
  const how = await plane.ended;
  throw new StartFailure(
    `the ${plane.command} ended by itself (${how}); it last wrote:\n${plane.lastLines()}`,
  );
}

async function pollReady(plane: PlaneProcess, adminUrl: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let last = "no answer";
  while (!signal.aborted) {
    last = await askReady(adminUrl);
    if (last === "") {
      return;
    }
    if (Date.now() > deadline) {
      throw new StartFailure(`the ${plane.command} is not ready after 30 s: ${last}\n${plane.lastLines()}`);
    }
    await delay(POLL_MS);
  }
}

/** What keeps the plane from being ready; empty if it is. */
async function askReady(adminUrl: string): Promise<string> {
  try {
    const response = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(2000) });
    const reason = (await response.text()).trim();
    return response.ok ? "" : reason || `status ${response.status}`;
  } catch {
    return "no answer";
  }
}
