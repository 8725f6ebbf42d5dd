import { defineConfig } from "vitest/config";

export default defineConfig({
  // A busy machine takes its time; no test asserts one.
  test: { testTimeout: 60_000, environment: "happy-dom", include: ["test/**/*.test.ts"], restoreMocks: true },
});
