import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AibridgeProcess, aibridge } from "./aibridge-process.ts";
import { freePort } from "./free-port.ts";
import type { GatewayUnderTest } from "./use-gateway.ts";

/** A second control plane on the database of a gateway, with a data plane of its own. */
export interface Twin extends AsyncDisposable {
  /** Where AI clients connect. */
  readonly url: string;
  readonly adminUrl: string;
  readonly controlPlane: AibridgeProcess;
  readonly dataPlane: AibridgeProcess;
  /** Runs an aibridge command against the second control plane. */
  run(...args: string[]): ReturnType<typeof aibridge>;
}

/** Starts it with the keys and the configuration of the first. */
export async function useTwin(gateway: GatewayUnderTest): Promise<Twin> {
  const folder = join(gateway.folder, "twin");
  mkdirSync(folder);
  const address = async () => `127.0.0.1:${await freePort()}`;
  const [rpc, rpcAdmin, http, httpAdmin] = [
    await address(),
    await address(),
    await address(),
    await address(),
  ];
  const keys = { AIBRIDGE_GATEWAY_KEY: gateway.gatewayKey, AIBRIDGE_ADMIN_KEY: gateway.adminKey };
  const controlPlane = new AibridgeProcess(
    [
      ...["controlplane", "--listen", rpc, "--admin-listen", rpcAdmin],
      ...["--database", gateway.database, "--config", join(gateway.folder, "aibridge.yaml")],
    ],
    keys,
    folder,
  );
  const dataPlane = new AibridgeProcess(
    [
      ...["dataplane", "--listen", http, "--admin-listen", httpAdmin],
      ...["--controlplane", `http://${rpc}`, "--spool", join(folder, "spool"), "--gateway-id", "gw-twin"],
    ],
    { AIBRIDGE_GATEWAY_KEY: gateway.gatewayKey },
    folder,
  );
  controlPlane.start();
  await controlPlane.ready(`http://${rpcAdmin}`);
  dataPlane.start();
  await dataPlane.ready(`http://${httpAdmin}`);
  return {
    url: `http://${http}`,
    adminUrl: `http://${httpAdmin}`,
    controlPlane,
    dataPlane,
    run: (...args) =>
      aibridge(
        [...args, "--controlplane", `http://${rpc}`],
        { AIBRIDGE_ADMIN_KEY: gateway.adminKey },
        folder,
      ),
    [Symbol.asyncDispose]: async () => {
      await dataPlane[Symbol.asyncDispose]();
      await controlPlane[Symbol.asyncDispose]();
    },
  };
}
