/** Ends a run with one line that tools and people can count on: `N passed, N failed, N skipped`. */
export class CountReporter {
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      let seen = 0;
      for (const test of module.children.allTests()) {
        seen += 1;
        const { state } = test.result();
        counts[state === "passed" || state === "failed" ? state : "skipped"] += 1;
      }
      // A file that could not even be loaded has no tests to count.
      if (seen === 0 && module.state() === "failed") counts.failed += 1;
    }
    counts.failed += errors.length;
    process.once("exit", () => process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`));
  }
}
