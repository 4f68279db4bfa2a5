/**
 * Asks again and again until there is an answer.
 * @param look returns undefined (or throws) as long as there is none
 * @param withinMs time after which it gives up with the last error
 */
export async function eventually<T>(
  look: () => Promise<T | undefined> | T | undefined,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown = new Error("there was no answer in time");
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw last;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
