/** What a promise resolves with, or undefined if that takes longer. */
export function withinMs<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms, undefined);
    promise.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
