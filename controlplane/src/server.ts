import {
  ActorService,
  AdminService,
  ConfigService,
  RecorderService,
  ToolPolicyService,
  UsageService,
} from "@aibridge/proto";
import type { ServerTls } from "@aibridge/proto/channel";
import type { ConfigFile } from "@aibridge/proto/config-file";
import {
  Health,
  healthService,
  RpcListener,
  reflectionService,
  ServerReflection,
} from "@aibridge/proto/server";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Logger } from "pino";
import { Actors } from "./domain/actors.ts";
import type { Changes } from "./domain/changes.ts";
import { Credentials } from "./domain/credentials.ts";
import type { Ingest } from "./domain/ingest.ts";
import type { Clock } from "./domain/micros.ts";
import { PersonalData } from "./domain/personal-data.ts";
import { ToolPins } from "./domain/tool-pins.ts";
import type { WatchFeed } from "./domain/watch-feed.ts";
import { actorService } from "./services/actor-service.ts";
import { adminService } from "./services/admin-service.ts";
import { configService } from "./services/config-service.ts";
import { recorderService } from "./services/recorder-service.ts";
import { toolPolicyService } from "./services/tool-policy-service.ts";
import { usageService } from "./services/usage-service.ts";
import type { Store } from "./store/store.ts";
import { errorInterceptor } from "./transport/call-errors.ts";
import type { Metrics } from "./transport/metrics.ts";
import type { Readiness } from "./transport/readiness.ts";
import { RequestGate } from "./transport/request-gate.ts";
import { StreamLifetime } from "./transport/stream-lifetime.ts";

/**
 * Largest message. Larger than any record that is stored (2 MiB), so that one that is too large gets an answer that
 * says so for good, instead of a refusal to read that a data plane would take for a reason to try again.
 */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The parts of a control plane that its services work with. */
export interface ServerParts {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly changes: Changes;
  readonly feed: WatchFeed<ConfigFile>;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly keys: { readonly gatewayKey: string; readonly adminKey: string };
  /** Undefined: plaintext. */
  readonly tls: ServerTls | undefined;
}

/** Serves every service on one port. */
export class RpcServer {
  readonly #listener: RpcListener;
  readonly #shutdown = new AbortController();
  readonly #ingest: Ingest;

  constructor(parts: ServerParts) {
    this.#ingest = parts.ingest;
    const gate = new RequestGate(parts.keys, parts.store.credentials);
    const handler = connectNodeAdapter({
      routes: mountServices(parts, new StreamLifetime(this.#shutdown.signal, parts.changes)),
      requestGate: gate.check,
      // The first interceptor is the outermost: it times what the callers see.
      interceptors: [parts.metrics.interceptor, errorInterceptor(parts.logger)],
      readMaxBytes: MAX_MESSAGE_BYTES,
      jsonOptions: { alwaysEmitImplicit: true },
    });
    this.#listener = new RpcListener(handler, parts);
  }

  /** Resolves with the port once calls are served. */
  listen(address: { host: string; port: number }): Promise<number> {
    return this.#listener.listen(address);
  }

  /** Ends the streams, lets other calls finish within the grace time, and waits for the last transaction. */
  async close(graceMs: number): Promise<void> {
    this.#shutdown.abort(new ConnectError("the control plane is shutting down", Code.Unavailable));
    await this.#listener.close(graceMs);
    await this.#ingest.drain();
  }
}

const SERVICES = [
  RecorderService,
  ActorService,
  ToolPolicyService,
  ConfigService,
  UsageService,
  AdminService,
  Health,
  ServerReflection,
];

function mountServices(parts: ServerParts, lifetime: StreamLifetime) {
  return (router: ConnectRouter): void => {
    mountGatewayServices(router, parts, lifetime);
    mountAdminServices(router, parts);
    mountStandardServices(router, parts, lifetime);
  };
}

/** What the gateway key opens. */
function mountGatewayServices(router: ConnectRouter, parts: ServerParts, lifetime: StreamLifetime): void {
  const { store, ingest, feed, metrics, clock } = parts;
  const onRejected = (reason: string) => metrics.recordsRejected.inc({ reason });
  const actors = new Actors(store.credentials, clock);
  const actorClaim = () => feed.snapshot.config.identity?.actorClaim ?? "";
  router.service(
    RecorderService,
    recorderService({ ingest, messages: store.messages, lifetime, onRejected }),
  );
  router.service(ActorService, actorService({ actors, actorClaim }));
  router.service(
    ToolPolicyService,
    toolPolicyService(() => feed.snapshot.mcpServers, toolPins(parts)),
  );
  router.service(ConfigService, configService(feed, lifetime));
}

/** What the admin key opens. */
function mountAdminServices(router: ConnectRouter, parts: ServerParts): void {
  const { store, changes, clock } = parts;
  const credentials = new Credentials(store.credentials, changes, clock);
  router.service(UsageService, usageService(store.usage));
  router.service(AdminService, adminService(credentials, new PersonalData(store.deletions), toolPins(parts)));
}

function toolPins({ store, changes, logger }: ServerParts): ToolPins {
  return new ToolPins(store.toolPins, changes, (server) =>
    logger.warn(server, "an MCP server has more tools than are remembered: the others wait"),
  );
}

/** What is open to everyone: whether it works, and what is served. */
function mountStandardServices(router: ConnectRouter, parts: ServerParts, lifetime: StreamLifetime): void {
  const isReady = async () => (await parts.readiness.problem()) === undefined;
  const services = new Set(SERVICES.map(({ typeName }) => typeName));
  router.service(Health, healthService({ isReady, lifetime, services }));
  router.service(ServerReflection, reflectionService(SERVICES));
}
