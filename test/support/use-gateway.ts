import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GetInterceptionResponse, UsageService } from "@aibridge/proto";
import { channelInterceptor, readCertificates } from "@aibridge/proto/channel";
import {
  type ScriptedProvider,
  type ScriptedProviderOptions,
  startScriptedProvider,
} from "@aibridge/sdk/testing";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AibridgeProcess, aibridge } from "./aibridge-process.ts";
import type { CertificateFiles } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { untilMetric } from "./gateway-metrics.ts";
import { MariaDb } from "./use-mariadb.ts";

export interface GatewayUnderTest extends AsyncDisposable {
  /** Where AI clients connect, without a provider: "http://127.0.0.1:12345". */
  readonly url: string;
  readonly adminUrl: string;
  readonly controlPlaneUrl: string;
  readonly controlPlaneAdminUrl: string;
  /** Folder with everything the processes keep. */
  readonly folder: string;
  /** Folder of the data plane's spool. */
  readonly spool: string;
  /** Token of the actor alice, and its id. */
  readonly token: string;
  readonly tokenId: string;
  readonly adminKey: string;
  readonly gatewayKey: string;
  readonly provider: ScriptedProvider;
  /** What the control plane was given as --database. */
  readonly database: string;
  /** The server of that database, if it is one. */
  readonly mariaDb: MariaDb | undefined;
  readonly controlPlane: AibridgeProcess;
  readonly dataPlane: AibridgeProcess;
  readonly usage: Client<typeof UsageService>;
  /** Runs an aibridge command against this control plane. */
  run(...args: string[]): ReturnType<typeof aibridge>;
  /** An interception with all its records, once it has ended. */
  interception(id: string): Promise<GetInterceptionResponse>;
  /** Every interception, newest first, once every record has arrived. */
  interceptions(): Promise<GetInterceptionResponse[]>;
  /** Replaces the configuration file. */
  writeConfig(text: string): void;
  /** Starts both processes again after they were stopped. */
  startControlPlane(): Promise<void>;
  startDataPlane(): Promise<void>;
}

/** Certificate files of a gateway. */
export interface TlsFiles {
  /** What both planes show to those who connect. */
  readonly server: CertificateFiles;
  /** What the data plane, the commands and the test show to the control plane. */
  readonly client: CertificateFiles;
  /** Who has signed these: path of its certificate. */
  readonly ca: string;
}

/** Every kind of database, for suites that hold on each. */
export const databaseKinds = ["sqlite", "mariadb"] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

export interface UseGatewayOptions {
  /** The configuration file. @default one provider of each type that points at the scripted one */
  readonly config?: (providerUrl: string) => string;
  readonly provider?: ScriptedProviderOptions;
  readonly dataPlaneFlags?: readonly string[];
  /** Added to the environment of the data plane. */
  readonly dataPlaneEnv?: Readonly<Record<string, string>>;
  /** Where the data plane keeps its spool; the caller removes it. @default a folder that goes with the gateway */
  readonly spool?: string;
  /** Everything by TLS, with mutual TLS between the planes. @default plaintext */
  readonly tls?: TlsFiles;
  /** What the control plane keeps its records in. @default "sqlite" */
  readonly database?: DatabaseKind;
  /** Leave the control plane unstarted: there is no token then. @default false */
  readonly controlPlaneAway?: boolean;
}

const gatewayKey = "gateway-key-of-the-tests-0123456789abcdef";
const adminKey = "admin-key-of-the-tests-0123456789abcdef00";

/** A control plane and a data plane as real processes, in front of a scripted provider. */
export async function useGateway(options: UseGatewayOptions = {}): Promise<GatewayUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
  const spool = options.spool ?? join(folder, "spool");
  const provider = await startScriptedProvider(options.provider);
  const mariaDb = options.database === "mariadb" ? await MariaDb.start() : undefined;
  const database = (await mariaDb?.database("aibridge")) ?? `sqlite:${join(folder, "aibridge.db")}`;
  const [port, adminPort, rpcPort, rpcAdminPort] = await ports(4);
  const { tls } = options;
  const scheme = tls === undefined ? "http" : "https";
  const urls = {
    url: `${scheme}://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    controlPlaneUrl: `${scheme}://127.0.0.1:${rpcPort}`,
    controlPlaneAdminUrl: `http://127.0.0.1:${rpcAdminPort}`,
  };
  const configFile = join(folder, "aibridge.yaml");
  writeFileSync(configFile, (options.config ?? everyProvider)(provider.url));
  const keys = { AIBRIDGE_GATEWAY_KEY: gatewayKey, AIBRIDGE_ADMIN_KEY: adminKey };
  const controlPlane = new AibridgeProcess(
    [
      "controlplane",
      ...["--listen", `127.0.0.1:${rpcPort}`, "--admin-listen", `127.0.0.1:${rpcAdminPort}`],
      ...["--database", database, "--config", configFile],
      ...(tls ? [...serverFlags(tls), "--tls-client-ca", tls.ca] : []),
    ],
    keys,
    folder,
  );
  const dataPlane = new AibridgeProcess(
    [
      "dataplane",
      ...["--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`],
      ...["--controlplane", urls.controlPlaneUrl, "--spool", spool, "--gateway-id", "gw-test"],
      ...(tls ? [...serverFlags(tls), ...clientFlags(tls)] : []),
      ...(options.dataPlaneFlags ?? []),
    ],
    { AIBRIDGE_GATEWAY_KEY: gatewayKey, ...options.dataPlaneEnv },
    folder,
  );
  const transport = createGrpcTransport({
    baseUrl: urls.controlPlaneUrl,
    interceptors: [channelInterceptor(adminKey)],
    ...(tls && { nodeOptions: readCertificates({ ...tls.client, ca: tls.ca }) }),
  });
  const usage = createClient(UsageService, transport);
  const run = (...args: string[]) =>
    aibridge(
      [...args, "--controlplane", urls.controlPlaneUrl, ...(tls ? clientFlags(tls) : [])],
      { AIBRIDGE_ADMIN_KEY: adminKey },
      folder,
    );

  const startControlPlane = async () => {
    controlPlane.start();
    await controlPlane.ready(urls.controlPlaneAdminUrl);
  };
  const startDataPlane = async () => {
    dataPlane.start();
    await dataPlane.ready(urls.adminUrl);
  };
  let token = { token: "", id: "" };
  if (options.controlPlaneAway) {
    dataPlane.start();
    await eventually(async () => (await fetch(`${urls.adminUrl}/healthz`)).ok || undefined);
  } else {
    await startControlPlane();
    const [created] = await Promise.all([
      run("tokens", "create", "--actor", "alice", "--json"),
      startDataPlane(),
    ]);
    if (created.code !== 0) throw new Error(created.stderr);
    token = JSON.parse(created.stdout);
  }
  return {
    ...urls,
    folder,
    spool,
    token: token.token,
    tokenId: token.id,
    adminKey,
    gatewayKey,
    provider,
    database,
    mariaDb,
    controlPlane,
    dataPlane,
    usage,
    run,
    startControlPlane,
    startDataPlane,
    writeConfig: (text) => writeFileSync(configFile, text),
    interception: (id) =>
      eventually(async () => {
        const found = await usage.getInterception({ id });
        return found.ended === undefined ? undefined : found;
      }),
    interceptions: async () => {
      if (dataPlane.isRunning) await untilMetric(urls.adminUrl, "spool_records", 0);
      const { interceptions } = await usage.listInterceptions({ pageSize: 1000, includeRecords: true });
      return interceptions;
    },
    [Symbol.asyncDispose]: async () => {
      await dataPlane[Symbol.asyncDispose]();
      await controlPlane[Symbol.asyncDispose]();
      await mariaDb?.[Symbol.asyncDispose]();
      await provider.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function serverFlags({ server }: TlsFiles): string[] {
  return ["--tls-cert", server.cert, "--tls-key", server.key];
}

/** Flags with which a program reaches the control plane. */
export function clientFlags({ client, ca }: Pick<TlsFiles, "client" | "ca">): string[] {
  return ["--rpc-ca", ca, "--rpc-cert", client.cert, "--rpc-key", client.key];
}

function everyProvider(url: string): string {
  return `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
  - { name: copilot, type: copilot, base_url: "${url}" }
`;
}

async function ports(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) found.push(await freePort());
  return found;
}
