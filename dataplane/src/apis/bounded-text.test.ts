import { expect, test } from "vitest";
import { BoundedText, TextBudget } from "./bounded-text.ts";
import { chatApi } from "./chat/index.ts";

test("a text is cut at its own bound", () => {
  const text = new BoundedText(new TextBudget(5, 100));
  for (const piece of ["abc", "def", "ghi"]) text.append(piece);
  expect(text.close()).toBe("abcde");
});

test("open texts share a bound, closed ones give their room back", () => {
  const budget = new TextBudget(10, 12);
  const [first, second] = [new BoundedText(budget), new BoundedText(budget)];
  first.append("0123456789");
  second.append("abcdef");
  expect(first.close()).toBe("0123456789");
  second.append("ghij");
  expect(second.close()).toBe("abghij");
  expect(second.close()).toBe("");
});

test("an endless thought is reported up to the bound", () => {
  const thoughts: number[] = [];
  const sink = {
    message() {},
    toolCall() {},
    usage() {},
    thought: ({ content }: { content: string }) => void thoughts.push(content.length),
  };
  const observer = chatApi.observeStream(sink, { hideUsage: false, usageOptional: false });
  const choices = [{ index: 0, delta: { reasoning_content: "x".repeat(1024 * 1024) } }];
  const event = Buffer.from(`data: ${JSON.stringify({ id: "c", choices })}\n`);
  for (let i = 0; i < 5; i += 1) observer.event(event, 0, event.length);
  observer.finish(false);
  expect(thoughts).toEqual([2 * 1024 * 1024]);
});
