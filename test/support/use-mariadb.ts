import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, constants, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Connection, createConnection } from "mysql2/promise";
import type { CertificateFiles } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** Where Debian puts the programs; /usr/sbin is not on everyone's path. */
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const unprivileged = "nobody";

/** A real MariaDB server as a child process, that can be stopped, killed, frozen and started again on its port. */
export class MariaDb implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  readonly #tlsArguments: string[] = [];
  #server: ChildProcess | undefined;
  #output = "";

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  /**
   * Installs and starts a server on a free port.
   * @param certificate what it shows to those who ask for TLS; without it there is no TLS
   * @throws Error saying what to install when there is no MariaDB
   */
  static async start(certificate?: CertificateFiles): Promise<MariaDb> {
    const folder = mkdtempSync(join(tmpdir(), "aibridge-mariadb-"));
    const server = new MariaDb(folder, await freePort());
    server.#install();
    if (certificate !== undefined) server.#useTls(certificate);
    await server.start();
    return server;
  }

  /** Makes an empty database. Returns what `--database` takes. */
  async database(name: string): Promise<string> {
    await this.query("", `create database ${name}`);
    return this.url(name);
  }

  /** What `--database` takes for a database of this server. */
  url(name: string): string {
    return `mysql://root@127.0.0.1:${this.#port}/${name}`;
  }

  /** Runs one statement on a connection of its own. Returns its rows. */
  async query(database: string, sql: string): Promise<Record<string, unknown>[]> {
    const connection = await this.connect(database);
    try {
      const [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  }

  /** A connection that the caller closes. */
  connect(database: string): Promise<Connection> {
    return createConnection({ uri: this.url(database), connectTimeout: 2000 });
  }

  /** Starts the server, again after a stop, and waits until it answers. */
  async start(): Promise<void> {
    const { uid, gid } = owner();
    const server = spawn(program("mariadbd"), this.#serverArguments(), {
      stdio: ["ignore", "pipe", "pipe"],
      uid,
      gid,
    });
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
    this.#server = server;
    await eventually(async () => {
      if (server.exitCode !== null) throw new Error("it ended early");
      await this.query("", "select 1");
      return true;
    }, 30_000).catch((error: unknown) => {
      throw new Error(`MariaDB does not answer: ${String(error)}\n${this.#output}`);
    });
  }

  /** Sends a signal without waiting. */
  signal(name: NodeJS.Signals): void {
    this.#server?.kill(name);
  }

  /** Ends the server and waits until it is gone. */
  async stop(name: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, "exit");
    server.kill(name);
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #install(): void {
    const { uid, gid } = owner();
    chownSync(this.#folder, uid, gid);
    execFileSync(
      program("mariadb-install-db"),
      [
        "--no-defaults",
        `--datadir=${join(this.#folder, "data")}`,
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
      ],
      { stdio: "pipe", uid, gid, env: { PATH: searchPath } },
    );
  }

  /** Copies the files: the server must be able to read them as the user it runs as. */
  #useTls(certificate: CertificateFiles): void {
    const { uid, gid } = owner();
    for (const kind of ["cert", "key"] as const) {
      const file = join(this.#folder, `server.${kind}`);
      copyFileSync(certificate[kind], file);
      chownSync(file, uid, gid);
      this.#tlsArguments.push(`--ssl-${kind}=${file}`);
    }
  }

  #serverArguments(): string[] {
    return [
      "--no-defaults",
      `--datadir=${join(this.#folder, "data")}`,
      `--socket=${join(this.#folder, "socket")}`,
      "--bind-address=127.0.0.1",
      `--port=${this.#port}`,
      "--skip-name-resolve",
      // Not what the tables use: they have to say themselves which characters they hold and how they compare.
      "--character-set-server=latin1",
      "--innodb-buffer-pool-size=64M",
      ...this.#tlsArguments,
    ];
  }
}

/** Who the server runs as: it refuses to be root. */
function owner(): { uid: number; gid: number } {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? 0 };
  const idOf = (flag: string) => Number(execFileSync("id", [flag, unprivileged], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

function program(name: string): string {
  for (const folder of searchPath.split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(
    `${name} is not installed: tests of MySQL need it (Debian: apt-get install mariadb-server)`,
  );
}
