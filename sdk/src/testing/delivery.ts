import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { encodePieces } from "./content-encoding.ts";
import { cutPieces, takeBytes } from "./pieces.ts";

/** How the bytes of an answer reach the client. Offsets count bytes of the body as sent (encoded, if it is). */
export interface Delivery {
  /** Milliseconds before the status line. @default 0 */
  readonly headersDelay?: number;
  /** Milliseconds before each piece of the body. @default 0 */
  readonly delay?: number;
  /** Cuts the body at these byte offsets instead of between events. @default absent */
  readonly cutAt?: readonly number[];
  /** Cuts the body every so many bytes instead of between events. @default absent */
  readonly cutEvery?: number;
  /** Waits at a place in the body. @default absent */
  readonly stall?: Stall;
  /** Ends the body early. @default absent */
  readonly truncate?: Truncation;
  /** Destroys the connection without a status line. @default false */
  readonly dropBeforeHeaders?: boolean;
  /** Encodes the body although the client may not have asked for it. @default absent */
  readonly encoding?: "gzip" | "br" | "zstd";
}

export interface Stall {
  /** Where: after so many events, or so many bytes. @default after the headers */
  readonly afterEvents?: number;
  readonly afterBytes?: number;
  /** Until when. @default until the client leaves */
  readonly until?: Promise<unknown>;
}

export interface Truncation {
  readonly afterEvents?: number;
  readonly afterBytes?: number;
  /** "end": a clean end of the body. "reset": the connection is destroyed. @default "end" */
  readonly ending?: "end" | "reset";
}

/** An answer ready to be sent: the body in pieces, one for each event, or one for a whole document. */
export interface Rendering {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: readonly Buffer[];
}

/** How a delivery ended. "truncated" includes connections dropped on purpose. */
export type DeliveryEnd = "finished" | "truncated" | "aborted";

/**
 * Sends one answer as its delivery says. A client that goes away ends it at once, whatever it is waiting for.
 */
export async function deliver(
  response: ServerResponse,
  rendering: Rendering,
  delivery: Delivery,
  clientGone: AbortSignal,
): Promise<DeliveryEnd> {
  const departure = rejectOnAbort(clientGone);
  try {
    if (delivery.headersDelay) await sleep(delivery.headersDelay, undefined, { signal: clientGone });
    if (delivery.dropBeforeHeaders) return drop(response);
    const encoded = await encodePieces(rendering.body, delivery.encoding);
    clientGone.throwIfAborted();
    writeHead(response, rendering, delivery, encoded);
    return await writeBody(response, planBody(encoded, delivery), delivery, departure);
  } catch (error) {
    if (clientGone.aborted) return "aborted";
    throw error;
  }
}

/** A promise that only ever rejects, for races; its rejection alone is no unhandled one. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const departure = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  departure.catch(() => {});
  return departure;
}

/**
 * Each piece is handed to the socket before the next is written, so that cuts arrive as cuts, and a client that
 * reads slowly slows the provider down.
 */
async function writeBody(
  response: ServerResponse,
  plan: BodyPlan,
  delivery: Delivery,
  departure: Promise<never>,
): Promise<DeliveryEnd> {
  for (const step of plan.steps) {
    if (step === "stall") {
      await Promise.race([departure, delivery.stall?.until ?? departure]);
      continue;
    }
    if (delivery.delay) await Promise.race([departure, sleep(delivery.delay)]);
    await Promise.race([departure, new Promise<void>((resolve) => response.write(step, () => resolve()))]);
  }
  return await endBody(response, plan.ending);
}

function drop(response: ServerResponse): DeliveryEnd {
  response.socket?.resetAndDestroy();
  return "truncated";
}

interface BodyPlan {
  readonly steps: readonly (Buffer | "stall")[];
  readonly ending: "whole" | "end" | "reset";
}

/** Lays out writes and the stall in order. Truncation and stall are placed in the uncut events, then these are cut. */
function planBody(events: readonly Buffer[], delivery: Delivery): BodyPlan {
  const { stall, truncate } = delivery;
  const kept = truncate === undefined ? events : upTo(events, truncate, events.length);
  const ending = truncate === undefined ? "whole" : (truncate.ending ?? "end");
  if (stall === undefined) return { steps: cutPieces(kept, delivery), ending };
  const before = byteLength(upTo(kept, stall, 0));
  const cut = cutPieces(kept, delivery);
  const head = takeBytes(cut, before);
  return { steps: [...head.taken, "stall", ...head.rest], ending };
}

/** The pieces before a place; `fallback` is the number of events when the place names neither. */
function upTo(
  events: readonly Buffer[],
  place: { readonly afterEvents?: number; readonly afterBytes?: number },
  fallback: number,
): readonly Buffer[] {
  if (place.afterBytes !== undefined) return takeBytes(events, place.afterBytes).taken;
  return events.slice(0, place.afterEvents ?? fallback);
}

function byteLength(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** A document has a content-length, as at the real providers, unless it is to be cut or to end early and cleanly. */
function writeHead(
  response: ServerResponse,
  rendering: Rendering,
  delivery: Delivery,
  encoded: readonly Buffer[],
): void {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(rendering.headers)) {
    headers[name.toLowerCase()] = typeof value === "string" ? value : [...value];
  }
  if (delivery.encoding !== undefined) headers["content-encoding"] = delivery.encoding;
  const cut = delivery.cutAt !== undefined || delivery.cutEvery !== undefined;
  const endsEarly = delivery.truncate !== undefined && delivery.truncate.ending !== "reset";
  const document = rendering.body.length === 1 && !cut && !endsEarly;
  if (document) headers["content-length"] ??= String(byteLength(encoded));
  response.writeHead(rendering.status, headers);
  response.flushHeaders();
}

async function endBody(response: ServerResponse, ending: BodyPlan["ending"]): Promise<DeliveryEnd> {
  if (ending === "reset") return drop(response);
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
    response.end(resolve);
  });
  if (!response.writableFinished) return "aborted";
  return ending === "whole" ? "finished" : "truncated";
}
