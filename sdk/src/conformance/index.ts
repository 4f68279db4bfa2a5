/**
 * The conformance kit for recorders: what a host's RecorderService must do, as checks that run against it.
 *
 * ```ts
 * import { checkRecorder } from "@aibridge/sdk/conformance";
 *
 * const report = await checkRecorder({ url: "http://127.0.0.1:9090", gatewayKey, protocol: "grpc" });
 * assert.equal(report.failed, 0);
 * ```
 */
export { type ConformanceOptions, checkRecorder } from "./check-recorder.ts";
export { RecorderUnreachable } from "./reach-recorder.ts";
export type { RecorderAddress, RpcProtocol } from "./recorder-connection.ts";
export type { ConformanceReport, RequirementResult } from "./report.ts";
export type { Need, Requirement } from "./requirement.ts";
export { REQUIREMENTS } from "./requirements/index.ts";
export { SAMPLE_ACTOR } from "./sample-records.ts";
