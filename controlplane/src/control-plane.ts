import type { ServerTls } from "@aibridge/proto/channel";
import { type ConfigFile, emptyConfig } from "@aibridge/proto/config-file";
import type { ListenAddress } from "@aibridge/proto/settings";
import { startBackground } from "./background.ts";
import type { BootstrapKeys } from "./config/bootstrap-keys.ts";
import { type CompiledOptions, compileOptions } from "./config/compile-options.ts";
import type { ControlPlaneOptions } from "./config/options.ts";
import { StartError } from "./config/start-error.ts";
import { Changes } from "./domain/changes.ts";
import { Ingest } from "./domain/ingest.ts";
import { WatchFeed } from "./domain/watch-feed.ts";
import { openDatabase } from "./open-database.ts";
import { RpcServer } from "./server.ts";
import type { RecordStore } from "./store/store.ts";
import { AdminListener } from "./transport/admin-listener.ts";
import { Metrics } from "./transport/metrics.ts";
import { Readiness } from "./transport/readiness.ts";

/** A control plane that is running. */
export interface ControlPlane {
  /** Where its services are: "http://127.0.0.1:9090"; https with TLS. */
  readonly url: string;
  /** Where /healthz, /readyz and /metrics are. */
  readonly adminUrl: string;
  /** Key for data planes. */
  readonly gatewayKey: string;
  /** Key for usage and administration. */
  readonly adminKey: string;
  /** The same keys with the files they are kept in. */
  readonly keys: BootstrapKeys;
  /** Takes the configuration file as it is now, if there is one, without waiting for the next look at it. */
  rereadConfig(): Promise<void>;
  /** Stops accepting, finishes what is under way, closes the database. Calling it again waits for the same. */
  close(): Promise<void>;
}

/**
 * Starts a control plane. While a MySQL server is away it waits, for as long as `options.signal` lets it.
 * @throws StartError, or ConfigFileError for a wrong configuration file, when it cannot start; nothing stays open then
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const compiled = compileOptions(options);
  // What is started is closed in reverse order, after a shutdown and after a failed start alike.
  const cleanups = new AsyncDisposableStack();
  try {
    return await start(compiled, cleanups);
  } catch (error) {
    await cleanups.disposeAsync();
    throw error;
  }
}

async function start(options: CompiledOptions, cleanups: AsyncDisposableStack): Promise<ControlPlane> {
  const { address, adminAddress, tls, keys, logger, clock } = options;
  cleanups.defer(() => tls.rpc?.close());
  const metrics = new Metrics();
  const readiness = new Readiness();
  const admin = adminListener(metrics, readiness, tls.admin);
  // First of all, so that probes have an answer while the database is away or being migrated.
  const adminPort = await listen(admin, adminAddress, "--admin-listen");
  cleanups.defer(() => admin.close());

  const store = await openDatabase(options, readiness, cleanups);
  const changes = new Changes();
  const feed = watchConfig(options, metrics, cleanups);
  changes.tokenWorthless.subscribe((tokenId) => feed.invalidate(tokenId));
  changes.toolsApproved.subscribe(() => feed.invalidateAll());
  startBackground({ store, changes, feed }, options, cleanups);

  const ingest = observedIngest(store.records, metrics, options);
  const secrets = { gatewayKey: keys.gateway.secret, adminKey: keys.admin.secret };
  const parts = {
    store,
    ingest,
    changes,
    feed,
    metrics,
    readiness,
    logger,
    clock,
    keys: secrets,
    tls: tls.rpc,
  };
  const server = new RpcServer(parts);
  const port = await listen(server, address, "--listen");
  cleanups.defer(() => server.close(options.graceMs));
  readiness.ready(async () => {
    await store.checkReady();
    await ingest.checkRecent();
  });
  cleanups.defer(() => readiness.notReady("shutting down"));

  return {
    url: urlOf(tls.rpc, address.host, port),
    adminUrl: urlOf(tls.admin, adminAddress.host, adminPort),
    ...secrets,
    keys,
    rereadConfig: async () => options.configWatch?.reread(),
    close: onceOnly(() => cleanups.disposeAsync()),
  };
}

function adminListener(
  { registry }: Metrics,
  readiness: Readiness,
  tls: ServerTls | undefined,
): AdminListener {
  const source = {
    notReady: () => readiness.problem(),
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
  return new AdminListener(source, tls);
}

function watchConfig(
  { configWatch, logger }: CompiledOptions,
  metrics: Metrics,
  cleanups: AsyncDisposableStack,
): WatchFeed<ConfigFile> {
  const feed = new WatchFeed<ConfigFile>(configWatch?.current ?? emptyConfig());
  configWatch?.start({
    changed: (file) => {
      feed.publish(file);
      logger.info({ version: file.config.version }, "the configuration file has changed");
    },
    refused: (reason) => {
      metrics.configRejected.inc();
      logger.error(
        { problem: reason.message },
        "the configuration file was refused; the last good one stays",
      );
    },
  });
  cleanups.defer(() => configWatch?.close());
  return feed;
}

function observedIngest(records: RecordStore, metrics: Metrics, { logger }: CompiledOptions): Ingest {
  return new Ingest(records, {
    stored: (added) => metrics.countStored(added),
    failed: (err, count) => {
      metrics.storeFailures.inc();
      logger.error({ err, records: count }, "storing records failed; they are sent again");
    },
  });
}

async function listen(
  listener: { listen(address: ListenAddress): Promise<number> },
  address: ListenAddress,
  flag: string,
): Promise<number> {
  try {
    return await listener.listen(address);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    const reason = taken ? "is taken by another process" : (error as Error).message;
    throw new StartError(`${flag}: ${address.host}:${address.port} ${reason}; choose another address`, {
      cause: error,
    });
  }
}

function urlOf(tls: ServerTls | undefined, host: string, port: number): string {
  return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function onceOnly(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
