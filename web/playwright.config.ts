// The page in Debian's Chromium, against real machines of the debug build (scripts/machine.mjs).
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // One after another: the computer has few cores, and each test has a ring of its own or shares one.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: true,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' },
    locale: 'en-GB',
    timezoneId: 'UTC',
    trace: 'retain-on-failure',
    // Where it is not what is tried, it would only fetch the whole page once more.
    serviceWorkers: 'block',
  },
});
