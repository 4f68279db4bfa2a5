import type { Config } from "@aibridge/proto";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { ConfigError, type RuntimeConfig, runtimeConfig } from "./runtime-config.ts";

export interface CurrentConfigOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Called with each configuration that was taken. */
  applied(config: RuntimeConfig): void;
}

/** The configuration in force. A request reads it once, so a change applies between requests. */
export class CurrentConfig {
  readonly #options: CurrentConfigOptions;
  #value: RuntimeConfig | undefined;
  /** When the source was heard last, by performance.now(); undefined while it is heard. */
  #heardAt: number | undefined;

  constructor(options: CurrentConfigOptions) {
    this.#options = options;
    options.metrics.watchConfigAge(() =>
      this.#heardAt === undefined ? 0 : (performance.now() - this.#heardAt) / 1000,
    );
  }

  /** The source is heard again: what is in force is what it says. */
  heard(): void {
    this.#heardAt = undefined;
  }

  /** The source can no longer be heard. */
  unheard(): void {
    this.#heardAt ??= performance.now();
  }

  /** Undefined until the first one was taken. */
  get value(): RuntimeConfig | undefined {
    return this.#value;
  }

  /** Takes a configuration, or refuses one that cannot be worked by: the last good one stays then. */
  offer(next: Config): ConfigError | undefined {
    try {
      this.#value = runtimeConfig(next);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.refused(error.message, next.version);
      return error;
    }
    const { version, providers } = this.#value;
    this.#options.applied(this.#value);
    this.#options.log.info({ version, providers: [...providers.keys()] }, "configuration applied");
    return undefined;
  }

  /** Counts and logs a configuration that was refused before it could be offered, or now. */
  refused(reason: string, version?: string): void {
    this.#options.metrics.configRejected.inc();
    this.#options.log.error(
      { ...(version && { version }), reason },
      "configuration refused: the last good one stays",
    );
  }
}
