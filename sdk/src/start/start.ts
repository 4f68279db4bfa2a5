import { mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { relative } from "node:path";
import { createAdminClient } from "../clients/index.ts";
import { type ChosenConfig, chooseConfig } from "./choose-config.ts";
import { requireFreePorts } from "./free-ports.ts";
import { keptToken } from "./kept-token.ts";
import { dataFile, localUrl, type StartOptions } from "./options.ts";
import { PlaneStack } from "./plane-stack.ts";
import { controlPlaneStart, dataPlaneStart, readKey } from "./plane-starts.ts";
import { SimulatedProvider } from "./simulated-provider.ts";
import { failIfEnded, waitReady } from "./wait-ready.ts";
import { welcomeText } from "./welcome.ts";

/**
 * Runs both planes as child processes until `stopped` settles or one of them ends by itself.
 * @param write takes text for the user
 * @throws UsageError, StartFailure
 */
export async function start(
  options: StartOptions,
  stopped: Promise<unknown>,
  write: (text: string) => unknown,
): Promise<void> {
  await requireFreePorts(options);
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  await using simulated = new SimulatedProvider();
  const config = await chooseConfig(options, () => simulated.start());
  await using planes = new PlaneStack();

  const runPlanes = async () => {
    const controlplane = planes.start(controlPlaneStart(options, config));
    await waitReady(controlplane, localUrl(options.controlplaneAdminListen));
    const dataplane = planes.start(dataPlaneStart(options));
    await waitReady(dataplane, localUrl(options.adminListen));
    write(await welcome(options, config, simulated.isRunning));
    await Promise.race([failIfEnded(controlplane), failIfEnded(dataplane)]);
  };
  await Promise.race([runPlanes(), stopped]);
  write("\nStopping …\n");
}

async function welcome(options: StartOptions, config: ChosenConfig, simulated: boolean): Promise<string> {
  const controlplaneUrl = localUrl(options.controlplaneListen);
  const adminKey = options.adminKey ?? readKey(dataFile(options, "admin.key"));
  const admin = createAdminClient({
    url: controlplaneUrl,
    adminKey,
    insecurePlaintext: options.insecurePlaintext,
  });
  const actor = userName();
  return welcomeText({
    gatewayUrl: localUrl(options.listen),
    controlplaneUrl,
    token: await keptToken(admin, dataFile(options, "start-token.json"), actor),
    actor,
    configFile: config.file,
    dataFolder: options.data,
    messagesProvider: config.messagesProvider,
    openaiProvider: config.openaiProvider,
    simulated,
    cliFlags: cliFlags(options),
    seconds: process.uptime(),
  });
}

/** Who tries aibridge out: the user of this machine. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that has no name.
    return "developer";
  }
}

/** What the aibridge command needs to be told because it is not where it looks by default. */
function cliFlags(options: StartOptions): string {
  const url = localUrl(options.controlplaneListen);
  const keyFile = dataFile(options, "admin.key");
  const where = url === "http://127.0.0.1:9090" ? "" : ` --controlplane ${url}`;
  const key = options.adminKey !== undefined || relative("", keyFile) === "data/admin.key";
  return `${where}${key ? "" : ` --admin-key "$(cat '${keyFile}')"`}`;
}
