import { readFileSync } from "node:fs";
import type { ChosenConfig } from "./choose-config.ts";
import { dataFile, formatAddress, localUrl, type StartOptions } from "./options.ts";
import type { PlaneStart } from "./plane-process.ts";

/** How the control plane is started. */
export function controlPlaneStart(options: StartOptions, config: ChosenConfig): PlaneStart {
  const flags = {
    "--listen": formatAddress(options.controlplaneListen),
    "--admin-listen": formatAddress(options.controlplaneAdminListen),
    "--database": `sqlite:${dataFile(options, "aibridge.db")}`,
    "--config": config.file,
  };
  return {
    command: "controlplane",
    flags: Object.entries(flags).flat(),
    env: {
      ...options.env,
      AIBRIDGE_INSECURE_PLAINTEXT: String(options.insecurePlaintext),
      AIBRIDGE_ADMIN_KEY: options.adminKey,
      AIBRIDGE_ADMIN_KEY_FILE: undefined,
      AIBRIDGE_GATEWAY_KEY: options.gatewayKey,
      AIBRIDGE_GATEWAY_KEY_FILE: undefined,
    },
    logFile: dataFile(options, "controlplane.log"),
  };
}

/** How the data plane is started, once the control plane is ready and has left its gateway key. */
export function dataPlaneStart(options: StartOptions): PlaneStart {
  const flags = {
    "--listen": formatAddress(options.listen),
    "--admin-listen": formatAddress(options.adminListen),
    "--controlplane": localUrl(options.controlplaneListen),
    "--spool": dataFile(options, "spool"),
    "--shutdown-grace": "5s",
  };
  return {
    command: "dataplane",
    flags: Object.entries(flags).flat(),
    env: {
      ...options.env,
      AIBRIDGE_INSECURE_PLAINTEXT: String(options.insecurePlaintext),
      // The configuration comes from the control plane; this variable would make the data plane read a file instead.
      AIBRIDGE_CONFIG: undefined,
      AIBRIDGE_GATEWAY_KEY: options.gatewayKey ?? readKey(dataFile(options, "gateway.key")),
      AIBRIDGE_GATEWAY_KEY_FILE: undefined,
    },
    logFile: dataFile(options, "dataplane.log"),
  };
}

/** A key that the control plane generated. */
export function readKey(file: string): string {
  return readFileSync(file, "utf8").trim();
}
