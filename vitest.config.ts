import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/oneTemporaryFolder.ts'],
    testTimeout: 60_000,
    reporters: ['default', './tests/closingLineReporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['geometry/**', 'proposals/**', 'detectors/**', 'eval/**', 'src/**'],
      reporter: ['text-summary', 'html'],
    },
  },
});
