import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AibridgeProcess } from "./aibridge-process.ts";
import { freePort } from "./free-port.ts";

/** A data plane as a real process, without a control plane of ours. */
export interface DataPlaneUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly adminUrl: string;
  readonly process: AibridgeProcess;
  /** The value of a metric without labels. */
  metric(name: string): Promise<number>;
}

/** Key with which the data plane calls services. */
export const gatewayKey = "gateway-key-of-the-tests-0123456789abcdef";

/** Starts a data plane with the given flags and waits until it is ready. */
export async function useDataPlane(flags: readonly string[]): Promise<DataPlaneUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
  const [port, adminPort] = [await freePort(), await freePort()];
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const dataPlane = new AibridgeProcess(
    [
      "dataplane",
      ...["--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`],
      ...["--gateway-id", "gw-test", "--spool", join(folder, "spool"), ...flags],
    ],
    { AIBRIDGE_GATEWAY_KEY: gatewayKey },
    folder,
  );
  dataPlane.start();
  await dataPlane.ready(adminUrl);
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl,
    process: dataPlane,
    metric: async (name) => {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      return Number(new RegExp(`^aibridge_${name} (\\S+)$`, "m").exec(text)?.[1]);
    },
    [Symbol.asyncDispose]: async () => {
      await dataPlane[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
