import { readdir, readFile } from "node:fs/promises";

/**
 * CPU time a process has used so far, user and system, over all its threads, in microseconds.
 *
 * Read from /proc/<pid>/task/<tid>/schedstat, whose first member counts nanoseconds; /proc/<pid>/stat counts in ticks
 * of 10 ms, which is too coarse for rounds of half a second. Linux only.
 */
export async function cpuMicroseconds(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const nanoseconds = await Promise.all(threads.map((thread) => threadNanoseconds(pid, thread)));
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1000;
}

async function threadNanoseconds(pid: number, thread: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "latin1");
  return Number(text.slice(0, text.indexOf(" ")));
}

/** Resident memory of a process in bytes, from /proc/<pid>/smaps_rollup (exact, unlike `VmRSS`). Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "latin1");
  const kilobytes = /^Rss: +(\d+) kB$/m.exec(text)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no Rss`);
  return Number(kilobytes) * 1024;
}
