import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type ConfigFile, ConfigFileError, readConfigFile } from "@aibridge/proto/config-file";
import { StartError } from "./start-error.ts";

/** What a watch tells. */
export interface ConfigWatchEvents {
  /** The file has a new content that can be used. */
  changed(config: ConfigFile): void;
  /** The file cannot be used; the last good content stays. Told once for each content. */
  refused(reason: Error): void;
}

export interface ConfigWatchOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pollMs: number;
}

/**
 * A configuration file and its changes. The content is compared, not its time: this also sees files that are replaced
 * through symbolic links (as Kubernetes does) and never mistakes a touched file for a changed one.
 */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  /** Content that was taken or refused last; undefined: unreadable. */
  #text: string | undefined;
  #lastSeen: string | undefined;
  #current: ConfigFile;
  #timer: NodeJS.Timeout | undefined;

  /** Reads the file. @throws StartError when it cannot be read; ConfigFileError when it is wrong */
  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    try {
      this.#text = readFileSync(options.file, "utf8");
    } catch (error) {
      const message = `--config names ${options.file}, which cannot be read: ${(error as Error).message}`;
      throw new StartError(message, { cause: error });
    }
    this.#lastSeen = this.#text;
    this.#current = readConfigFile(this.#text, options);
  }

  /** The last good content. */
  get current(): ConfigFile {
    return this.#current;
  }

  /** Looks at the file from now on, until {@link close}. */
  start(events: ConfigWatchEvents): void {
    const again = () => {
      this.#timer = setTimeout(() => void look(), this.#options.pollMs).unref();
    };
    const look = async () => {
      await this.#look(events);
      if (this.#timer !== undefined) {
        again();
      }
    };
    again();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #look(events: ConfigWatchEvents): Promise<void> {
    try {
      const text = await readFile(this.#options.file, "utf8");
      if (!this.#isNewAndSettled(text)) {
        return;
      }
      this.#current = readConfigFile(text, this.#options);
      events.changed(this.#current);
    } catch (error) {
      if (error instanceof ConfigFileError) {
        events.refused(error);
      } else if (this.#isNewAndSettled(undefined)) {
        events.refused(new Error(`${this.#options.file} cannot be read: ${(error as Error).message}`));
      }
    }
  }

  /**
   * True once for each new content, when two looks in a row have found it: a file that is just being written is empty
   * or torn for a moment, and an empty file is a valid one without providers.
   */
  #isNewAndSettled(text: string | undefined): boolean {
    const settled = text === this.#lastSeen;
    const isNew = text !== this.#text;
    this.#lastSeen = text;
    if (isNew && settled) {
      this.#text = text;
      return true;
    }
    return false;
  }
}
