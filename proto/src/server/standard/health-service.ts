import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { Health } from "./health-descriptor.ts";
import { ServingStatus } from "./health-descriptor.ts";

/** Says when a long-lived stream must end. */
export interface StreamLifetime {
  /** Yields what `open` yields until the stream must end; the signal handed to `open` aborts at that moment. */
  during<T>(context: HandlerContext, open: (signal: AbortSignal) => AsyncIterable<T>): AsyncIterable<T>;
}

export interface HealthDependencies {
  /** True while the server can do its work. */
  readonly isReady: () => Promise<boolean>;
  readonly lifetime: StreamLifetime;
  /** Names of the services that are served. */
  readonly services: ReadonlySet<string>;
}

interface CheckRequest {
  /** Name of a service; empty: the server as a whole. */
  readonly service: string;
}

/** grpc.health.v1.Health: every service is as ready as the server itself. */
export function healthService({
  isReady,
  lifetime,
  services,
}: HealthDependencies): ServiceImpl<typeof Health> {
  const isKnown = (request: CheckRequest) => request.service === "" || services.has(request.service);
  const currentStatus = async () => ((await isReady()) ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  return {
    async check(request: CheckRequest) {
      if (!isKnown(request)) {
        throw new ConnectError("there is no such service here", Code.NotFound);
      }
      return { status: await currentStatus() };
    },
    watch(request: CheckRequest, context: HandlerContext) {
      return lifetime.during(context, async function* (signal) {
        yield { status: isKnown(request) ? await currentStatus() : ServingStatus.SERVICE_UNKNOWN };
        await aborted(signal);
        if (isKnown(request)) {
          yield { status: ServingStatus.NOT_SERVING };
        }
      });
    },
  } as unknown as ServiceImpl<typeof Health>;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    } else {
      signal.addEventListener("abort", () => resolve(), { once: true });
    }
  });
}
