import { defineConfig } from "vitest/config";

const everywhere = { testTimeout: 20_000, hookTimeout: 30_000 };

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from a default export
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...everywhere,
          name: "unit",
          include: [
            "{proto,dataplane,controlplane,sdk,bench,examples}/**/*.test.ts",
            "test/arch/**/*.test.ts",
            "test/pins/**/*.test.ts",
          ],
          exclude: ["**/node_modules/**"],
        },
      },
      {
        test: {
          ...everywhere,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          // Each file starts processes of its own; two cores do not take many at once.
          maxWorkers: 2,
        },
      },
    ],
  },
});
