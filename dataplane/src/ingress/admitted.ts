import type { Api, ApiRequest } from "../apis/api.ts";
import type { ResolvedActor } from "../control/ports.ts";
import type { RuntimeConfig } from "../plan/runtime-config.ts";
import type { InterceptionRecording } from "../record/interception-recording.ts";
import type { InterceptionTrace } from "../telemetry/tracing.ts";
import type { UpstreamCredential } from "../upstream/credential.ts";
import type { ToolRequest } from "./central-tools.ts";
import type { RequestBody } from "./read-body.ts";
import type { InterceptRoute } from "./route.ts";

/** A request that has been read and may become an interception. */
export interface Admitted {
  readonly route: InterceptRoute;
  readonly api: Api;
  readonly config: RuntimeConfig;
  readonly caller: ResolvedActor;
  readonly credential: UpstreamCredential;
  readonly body: RequestBody;
  readonly request: ApiRequest;
}

/** An admitted request with everything that is looked up for it. */
export interface Planned extends Admitted {
  /** The client's name for the conversation. */
  readonly session: string | undefined;
  readonly tools: ToolRequest | undefined;
}

/** Where it is written down what becomes of a request. */
export interface Journal {
  readonly recording: InterceptionRecording;
  /** Undefined where traces are off. */
  readonly trace: InterceptionTrace | undefined;
}

/** True if the gateway asks for the usage of a stream whose client does not. */
export function addsUsage({ request: { facts }, route }: Admitted): boolean {
  return facts.streaming && !facts.includesUsage && route.provider.includeUsage;
}
