import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with "N passed, N failed, N skipped", alone on a line. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state]++;
      // A file that could not be loaded has no tests to count.
      if (module.state() === 'failed' && module.children.size === 0) counts.failed++;
    }
    console.log(
      `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
    );
  }
}
