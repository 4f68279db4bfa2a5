import { RecorderService } from "@aibridge/proto";
import type { ConnectRouter } from "@connectrpc/connect";
import type { RecorderServiceOptions } from "./options.ts";
import type { HostRecorder } from "./recorder-functions.ts";
import { recorderMethods } from "./recorder-methods.ts";

/** Largest message. Batches have at most 2 MiB; a larger one still gets an answer that says what is wrong with it. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/**
 * RecorderService for a Connect router: `connectNodeAdapter({ routes: recorderRoutes(…) })`, `fastifyConnectPlugin`,
 * `expressConnectMiddleware`. Callers are checked before any of a request's body is read. StreamRecords needs HTTP/2; over
 * HTTP/1.1 data planes use the six unary methods (`--rpc-protocol connect`).
 * @throws RangeError for a gateway key that is too short
 */
export function recorderRoutes(
  recorder: HostRecorder,
  options: RecorderServiceOptions,
): (router: ConnectRouter) => void {
  const { admit, implementation } = recorderMethods(recorder, options);
  return (router) => {
    router.service(RecorderService, implementation, {
      requestGate: admit,
      readMaxBytes: MAX_MESSAGE_BYTES,
    });
  };
}
