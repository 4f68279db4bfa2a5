import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes every file and folder under a folder immutable, also for those who have them open. Takes root on Linux. */
export function protect(folder: string): void {
  execFileSync("chattr", ["-R", "+i", folder], { stdio: "pipe" });
}

export function unprotect(folder: string): void {
  execFileSync("chattr", ["-R", "-i", folder], { stdio: "pipe" });
}

/** True if that works in the folder for temporary files: not every file system has it. */
export function canProtect(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-protect-"));
  const file = openSync(join(folder, "file"), "w");
  try {
    protect(folder);
    return isProtected(file);
  } catch {
    return false;
  } finally {
    closeSync(file);
    removeProtected(folder);
  }
}

function removeProtected(folder: string): void {
  try {
    unprotect(folder);
  } catch {
    // Nor was it protected then.
  }
  rmSync(folder, { recursive: true });
}

function isProtected(file: number): boolean {
  try {
    writeSync(file, "x");
    return false;
  } catch {
    return true;
  }
}
