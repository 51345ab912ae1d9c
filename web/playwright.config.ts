// The page in Debian's Chromium, against real machines of the debug build (scripts/machine.mjs).
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // Two at a time, whatever the number of cores: a test waits (for a stream, for an election) longer than it works. Those of one worker
  // share a machine; who kills machines has a ring of its own.
  workers: 2,
  fullyParallel: true,
  // Long enough for a slow computer; nothing is measured by it.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  // As the tests in Rust have it: what fails once and then passes is told as "flaky", and is a bug to be found.
  retries: 2,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' },
    locale: 'en-GB',
    timezoneId: 'UTC',
    // What is not there by then does not come any more.
    actionTimeout: 60_000,
    trace: 'retain-on-failure',
    // Where it is not what is tried, it would only fetch the whole page once more.
    serviceWorkers: 'block',
  },
});
