import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ConfigFileError } from "./config-file-error.ts";
import { type ConfigFile, readConfigFile } from "./read-config-file.ts";

/** What a watch tells. */
export interface ConfigFileEvents {
  /** The file has a new content that can be used. */
  changed(config: ConfigFile): void;
  /** The file cannot be used; the last good content stays. Told once for each content. */
  refused(reason: Error): void;
}

export interface ConfigFileWatchOptions {
  /** Path of the file, as messages shall name it. */
  readonly file: string;
  /** Variables for `${NAME}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds between two looks at the file; a change applies after two to three times this long. @default 500 */
  readonly pollMs?: number | undefined;
}

/** The file is not there or must not be read. */
export class UnreadableConfigFile extends Error {
  override readonly name = "UnreadableConfigFile";

  constructor(file: string, cause: unknown) {
    super(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, { cause });
  }
}

const defaultPollMs = 500;

/**
 * A configuration file and its changes. The content is compared, not its time: this also sees files that are replaced
 * through symbolic links (as Kubernetes does) and never mistakes a touched file for a changed one.
 */
export class ConfigFileWatch {
  readonly #options: ConfigFileWatchOptions;
  /** Content that was taken or refused last; undefined: unreadable. */
  #judged: string | undefined;
  /** True if that content was refused. */
  #refused = false;
  #lastSeen: string | undefined;
  #current: ConfigFile;
  #timer: NodeJS.Timeout | undefined;
  #events: ConfigFileEvents | undefined;

  /** Reads the file. @throws UnreadableConfigFile; ConfigFileError when its content is wrong */
  constructor(options: ConfigFileWatchOptions) {
    this.#options = options;
    try {
      this.#judged = readFileSync(options.file, "utf8");
    } catch (error) {
      throw new UnreadableConfigFile(options.file, error);
    }
    this.#lastSeen = this.#judged;
    this.#current = readConfigFile(this.#judged, options);
  }

  /** The last good content. */
  get current(): ConfigFile {
    return this.#current;
  }

  /** Looks at the file from now on, until {@link close}. */
  start(events: ConfigFileEvents): void {
    this.#events = events;
    this.#lookLater();
  }

  /**
   * Takes the file as it is now, without waiting for it to settle: for an operator who says that it is complete. What
   * was refused before is refused aloud again.
   */
  async reread(): Promise<void> {
    const { text, failure } = await this.#read();
    this.#lastSeen = text;
    if (text !== this.#judged || this.#refused) this.#judge(text, failure);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#events = undefined;
  }

  #lookLater(): void {
    const look = async () => {
      await this.#look();
      if (this.#timer !== undefined) this.#lookLater();
    };
    this.#timer = setTimeout(() => void look(), this.#options.pollMs ?? defaultPollMs).unref();
  }

  /**
   * Judges each new content once, when two looks in a row have found it: a file that is just being written is empty or
   * torn for a moment, and an empty file is a valid one without providers.
   */
  async #look(): Promise<void> {
    const { text, failure } = await this.#read();
    const settled = text === this.#lastSeen;
    this.#lastSeen = text;
    if (settled && text !== this.#judged) this.#judge(text, failure);
  }

  async #read(): Promise<{ text: string | undefined; failure?: unknown }> {
    try {
      return { text: await readFile(this.#options.file, "utf8") };
    } catch (failure) {
      return { text: undefined, failure };
    }
  }

  #judge(text: string | undefined, failure: unknown): void {
    this.#judged = text;
    this.#refused = false;
    try {
      if (text === undefined) throw new UnreadableConfigFile(this.#options.file, failure);
      this.#current = readConfigFile(text, this.#options);
    } catch (error) {
      if (!(error instanceof ConfigFileError || error instanceof UnreadableConfigFile)) throw error;
      this.#refused = true;
      this.#events?.refused(error);
      return;
    }
    this.#events?.changed(this.#current);
  }
}
