import type { RecorderService, StreamRecordsRequest, StreamRecordsResponse } from "@aibridge/proto";
import { untilAborted } from "@aibridge/proto/server";
import {
  Code,
  ConnectError,
  createContextKey,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { acknowledgeStream } from "./acknowledge-stream.ts";
import { answerLookUp } from "./answer-look-up.ts";
import { hostCaller } from "./call-host.ts";
import { gatewayGate } from "./gateway-gate.ts";
import type { GatewayIdentity, RecorderServiceOptions } from "./options.ts";
import { prepareStore } from "./prepare-store.ts";
import type { RecordBody, RecordKind } from "./record-body.ts";
import type { HostRecorder } from "./recorder-functions.ts";
import { rejectionOf } from "./reject-record.ts";
import type { StoreRecord } from "./store-singly.ts";

/** What the methods need of a call, whatever server it came through. */
export type RecorderCall = Pick<HandlerContext, "requestHeader" | "signal" | "values">;

/** RecorderService over a host's functions, without a server. */
export interface RecorderMethods {
  /** Lets a call in; to be called before its method. @throws ConnectError */
  readonly admit: (call: RecorderCall) => Promise<void>;
  readonly implementation: RecorderImplementation;
}

type RecorderImplementation = {
  [M in keyof ServiceImpl<typeof RecorderService>]: (
    request: Parameters<ServiceImpl<typeof RecorderService>[M]>[0],
    call: RecorderCall,
  ) => ReturnType<ServiceImpl<typeof RecorderService>[M]>;
};

/** How long a stream may go on before its key is looked up again, in milliseconds. */
const RECHECK_MS = 30_000;

const GATEWAY = createContextKey<GatewayIdentity>({}, { description: "the gateway that calls" });

/** @throws RangeError for a gateway key that is too short */
export function recorderMethods(recorder: HostRecorder, options: RecorderServiceOptions): RecorderMethods {
  const callHost = hostCaller(options);
  const gate = gatewayGate(options.keys, callHost);
  const admit = async (call: RecorderCall) => {
    call.values.set(GATEWAY, await gate(call.requestHeader));
  };
  const store = withoutDetails(prepareStore(recorder, callHost, options));
  return {
    admit,
    implementation: {
      ...recordMethods(store),
      findLastMessage: (request) => answerLookUp(recorder, request, callHost),
      streamRecords: (requests, call) =>
        streamRecords(
          checkedAgain(requests, () => admit(call)),
          call,
          store,
          options,
        ),
    },
  };
}

function recordMethods(
  store: StoreRecord,
): Omit<RecorderImplementation, "streamRecords" | "findLastMessage"> {
  const storeOne = async <C extends RecordKind>(
    kind: C,
    value: Message<C> | undefined,
    call: RecorderCall,
  ) => {
    if (value === undefined) {
      throw new ConnectError("the request has no record", Code.InvalidArgument);
    }
    await store(fromGateway({ case: kind, value } as RecordBody, call));
    return {};
  };
  return {
    recordInterception: (request, call) => storeOne("interception", request.interception, call),
    recordInterceptionEnded: (request, call) =>
      storeOne("interceptionEnded", request.interceptionEnded, call),
    recordTokenUsage: (request, call) => storeOne("tokenUsage", request.tokenUsage, call),
    recordPromptUsage: (request, call) => storeOne("promptUsage", request.promptUsage, call),
    recordToolUsage: (request, call) => storeOne("toolUsage", request.toolUsage, call),
    recordModelThought: (request, call) => storeOne("modelThought", request.modelThought, call),
  };
}

type Message<C extends RecordKind> = Extract<RecordBody, { case: C }>["value"];

async function* streamRecords(
  requests: AsyncIterable<StreamRecordsRequest>,
  call: RecorderCall,
  store: StoreRecord,
  { window = 8, signal: shutdown }: RecorderServiceOptions,
): AsyncGenerator<StreamRecordsResponse> {
  const until = shutdown === undefined ? call.signal : AbortSignal.any([shutdown, call.signal]);
  const storeOfGateway: StoreRecord = (record) => store(fromGateway(record, call));
  yield* acknowledgeStream(untilAborted(requests, until), storeOfGateway, window);
  if (shutdown?.aborted === true) {
    throw new ConnectError("the recorder is shutting down", Code.Unavailable);
  }
}

/** Streams live for days: a key that was revoked meanwhile must not go on storing. */
async function* checkedAgain<T>(requests: AsyncIterable<T>, check: () => Promise<void>): AsyncGenerator<T> {
  let checkedAt = performance.now();
  for await (const request of requests) {
    if (performance.now() - checkedAt > RECHECK_MS) {
      await check();
      checkedAt = performance.now();
    }
    yield request;
  }
}

/** Who was authenticated counts, not what the record claims. */
function fromGateway(record: RecordBody, call: RecorderCall): RecordBody {
  const { gatewayId } = call.values.get(GATEWAY);
  if (record.case === "interception" && gatewayId !== undefined) {
    record.value.gatewayId = gatewayId;
  }
  return record;
}

/** Rejections go out as they are; of anything else a data plane only learns that it should send the record again. */
function withoutDetails(store: StoreRecord): StoreRecord {
  return async (record) => {
    try {
      await store(record);
    } catch (error) {
      if (rejectionOf(error) !== undefined) throw error;
      throw new ConnectError("the record could not be stored; send it again", Code.Unavailable);
    }
  };
}
