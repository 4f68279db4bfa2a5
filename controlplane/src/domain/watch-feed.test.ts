import { expect, test } from "vitest";
import { WatchFeed } from "./watch-feed.ts";

function useWatch(feed: WatchFeed<number>) {
  const controller = new AbortController();
  const events = feed.watch(controller.signal);
  return { controller, next: async () => (await events.next()).value };
}

test("a slow watcher gets the newest snapshot only, and every invalidation", async () => {
  const feed = new WatchFeed(1);
  const { next } = useWatch(feed);
  expect(await next()).toEqual({ kind: "snapshot", snapshot: 1 });
  feed.publish(2);
  feed.publish(3);
  feed.invalidate("a");
  feed.invalidate("b");
  feed.invalidate("a");
  expect(await next()).toEqual({ kind: "snapshot", snapshot: 3 });
  expect(await next()).toEqual({ kind: "invalidated", id: "a" });
  expect(await next()).toEqual({ kind: "invalidated", id: "b" });
});

test("a watcher that falls far behind is told to forget everything", async () => {
  const feed = new WatchFeed(1);
  const { next } = useWatch(feed);
  await next();
  for (let id = 0; id <= 1000; id += 1) {
    feed.invalidate(String(id));
  }
  expect(await next()).toEqual({ kind: "all_invalidated" });
  feed.invalidate("later");
  expect(await next()).toEqual({ kind: "invalidated", id: "later" });
});

test("what comes while a watcher waits wakes it, and so does the signal", async () => {
  const feed = new WatchFeed(1);
  const { next, controller } = useWatch(feed);
  await next();
  const waiting = next();
  feed.publish(2);
  expect(await waiting).toEqual({ kind: "snapshot", snapshot: 2 });
  const last = next();
  controller.abort();
  expect(await last).toBeUndefined();
});
