import { expect, test } from "vitest";
import { BodyBudget, BudgetShare } from "./body-budget.ts";

test("a share holds what it was told last, within the limit of all", () => {
  const budget = new BodyBudget();
  expect(budget.take(40, 100)).toBe(true);
  const share = new BudgetShare(budget, 100);
  expect(share.resize(50)).toBe(true);
  expect(share.resize(60)).toBe(true);
  expect(share.resize(61)).toBe(false);
  expect(budget.used).toBe(100);
  expect(share.resize(20)).toBe(true);
  expect(budget.used).toBe(60);
  expect(share.resize(0)).toBe(true);
  expect(budget.used).toBe(40);
});

test("less can be held at any time, also beyond a limit that is lower by now", () => {
  const budget = new BodyBudget();
  budget.take(200, 1_000);
  const share = new BudgetShare(budget, 100);
  expect(share.resize(1)).toBe(false);
  expect(share.resize(0)).toBe(true);
  expect(budget.used).toBe(200);
});
