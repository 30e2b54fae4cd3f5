import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { chromium, type Browser } from 'playwright-core';

/** Where systems keep a Chromium; scripts/install-test-system.sh installs the first. */
const PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = PATHS.find((path) => existsSync(path));

/** A headless Chromium that looks for nothing beyond this machine. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A suite that needs a browser. Without one it is skipped with a warning; in CI
 * its absence fails.
 */
export function describeBrowser(name: string, suite: () => void): void {
  if (!executablePath && process.env.CI) {
    throw new Error(`${name}: no Chromium, and CI must not skip this suite`);
  }
  if (!executablePath)
    console.warn(`SKIPPED: ${name} (scripts/install-test-system.sh)`);
  describe.skipIf(!executablePath)(name, suite);
}
