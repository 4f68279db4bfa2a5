/**
 * RecorderService for hosts: a host's functions in, a running service out.
 *
 * ```ts
 * import { serveRecorder } from "@aibridge/sdk/recorder";
 *
 * const recorder = await serveRecorder({
 *   listen: "127.0.0.1:9095",
 *   keys: [gatewayKey],
 *   functions: { recordBatch: (records) => database.inTransaction(() => records.forEach(store)) },
 * });
 * ```
 *
 * - {@link serveRecorder}: on a port of its own
 * - {@link recorderRoutes}: on the host's Connect router
 * - {@link addRecorderService}: on the host's `@grpc/grpc-js` server
 * - {@link inProcessRecorder}: for a gateway in the same process
 */
export { MIN_KEY_LENGTH } from "@aibridge/proto/channel";
export { addRecorderService, type GrpcMethodDefinition, type GrpcServer } from "./grpc-js-service.ts";
export { inProcessRecorder } from "./in-process-recorder.ts";
export type { LastMessage, MessageFinder, MessageQuery } from "./message-finder.ts";
export type { CallOptions, CheckGatewayKey, GatewayIdentity, RecorderServiceOptions } from "./options.ts";
export type { RecordBody, RecordKind } from "./record-body.ts";
export type { BatchRecorder, HostRecorder, RecorderFunctions } from "./recorder-functions.ts";
export { recorderRoutes } from "./recorder-routes.ts";
export { RejectRecord } from "./reject-record.ts";
export { type ServedRecorder, type ServeRecorderOptions, serveRecorder } from "./serve-recorder.ts";
