import { RecorderService, UsageService } from "@aibridge/proto";
import { Health } from "@aibridge/proto/server";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { startHostServer } from "../host-services.ts";
import type { FaithfulHost } from "./faithful-host.ts";
import type { RecordBody } from "./memory-store.ts";

/** A host that runs. */
export interface RunningHost extends AsyncDisposable {
  /** RecorderService and health, over gRPC. */
  readonly url: string;
  /** UsageService, over Connect. */
  readonly usageUrl: string;
}

/** Serves a host's services on free ports. */
export async function startHost(host: FaithfulHost): Promise<RunningHost> {
  const routes = (router: ConnectRouter) => {
    router.service(RecorderService, recorderOf(host), { readMaxBytes: host.readMaxBytes });
    serveHealth(router, host);
  };
  const recorder = await startHostServer("grpc", routes, (session) => host.meet(session));
  const usage = await startHostServer("connect", ({ service }) => {
    service(UsageService, { getInterception: ({ id }) => readFrom(host, id) });
  });
  return {
    url: recorder.url,
    usageUrl: usage.url,
    async [Symbol.asyncDispose]() {
      await recorder[Symbol.asyncDispose]();
      await usage[Symbol.asyncDispose]();
    },
  };
}

function recorderOf(host: FaithfulHost): Partial<ServiceImpl<typeof RecorderService>> {
  const call = async (record: { case: RecordBody["case"]; value: unknown }, context: HandlerContext) => {
    admit(host, context);
    await host.call(record.value === undefined ? undefined : (record as RecordBody), context);
    return {};
  };
  return {
    recordInterception: ({ interception: value }, context) => call({ case: "interception", value }, context),
    recordInterceptionEnded: ({ interceptionEnded: value }, context) =>
      call({ case: "interceptionEnded", value }, context),
    recordTokenUsage: ({ tokenUsage: value }, context) => call({ case: "tokenUsage", value }, context),
    recordPromptUsage: ({ promptUsage: value }, context) => call({ case: "promptUsage", value }, context),
    recordToolUsage: ({ toolUsage: value }, context) => call({ case: "toolUsage", value }, context),
    recordModelThought: ({ modelThought: value }, context) => call({ case: "modelThought", value }, context),
    findLastMessage: (query, context) => {
      admit(host, context);
      return host.find(query);
    },
    streamRecords: async function* (requests, context) {
      admit(host, context);
      yield* host.stream(requests, context);
    },
  };
}

function admit(host: FaithfulHost, { requestHeader }: HandlerContext): void {
  host.checkKey(requestHeader);
  host.checkVersion(requestHeader);
}

function serveHealth(router: ConnectRouter, { health: status }: FaithfulHost): void {
  if (status === undefined) return;
  router.service(Health, { check: () => ({ status }) } as unknown as ServiceImpl<typeof Health>);
}

function readFrom(host: FaithfulHost, id: string) {
  const found = host.read(id);
  if (found === undefined) throw new ConnectError("there is no such interception", Code.NotFound);
  return found;
}
