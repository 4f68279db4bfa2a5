import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system in memory of a few megabytes, that can be full, read-only, and made larger. Takes root on Linux. */
export class SmallDisk implements Disposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** True if this process may mount one. */
  static get isAllowed(): boolean {
    try {
      SmallDisk.mount(1)[Symbol.dispose]();
      return true;
    } catch {
      return false;
    }
  }

  /** @throws Error if that is not allowed */
  static mount(mebibytes: number): SmallDisk {
    const folder = mkdtempSync(join(tmpdir(), "aibridge-disk-"));
    try {
      const options = `size=${mebibytes}m,mode=0700`;
      execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "pipe" });
    } catch (error) {
      rmdirSync(folder);
      throw error;
    }
    return new SmallDisk(folder);
  }

  resize(mebibytes: number): void {
    this.#remount(`size=${mebibytes}m`);
  }

  /** Nothing may be open for writing on it. */
  makeReadOnly(): void {
    this.#remount("ro");
  }

  makeWritable(): void {
    this.#remount("rw");
  }

  #remount(option: string): void {
    execFileSync("mount", ["-o", `remount,${option}`, this.folder], { stdio: "pipe" });
  }

  [Symbol.dispose](): void {
    execFileSync("umount", [this.folder], { stdio: "pipe" });
    rmdirSync(this.folder);
  }
}
