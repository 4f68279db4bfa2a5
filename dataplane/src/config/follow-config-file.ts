import type { Config } from "@aibridge/proto";
import type { ConfigFileWatch } from "@aibridge/proto/config-file";

/** Takes what a configuration file says. */
export interface ConfigTaker {
  offer(config: Config): unknown;
  refused(reason: string): void;
}

/**
 * Applies the changes of a configuration file, and on SIGHUP what it says at that moment.
 * @returns how to stop
 */
export function followConfigFile(file: ConfigFileWatch, taker: ConfigTaker): () => void {
  file.start({
    changed: ({ config }) => taker.offer(config),
    refused: ({ message }) => taker.refused(message),
  });
  const reread = () => void file.reread();
  process.on("SIGHUP", reread);
  return () => {
    process.off("SIGHUP", reread);
    file.close();
  };
}
