import { readFileSync } from 'node:fs';

/** The version in the package's own package.json, two folders up when built. */
export function packageVersion(): string {
  for (const up of ['../..', '..']) {
    try {
      const text = readFileSync(new URL(`${up}/package.json`, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // Not here: built code lies one folder deeper than source.
    }
  }
  return 'unknown';
}
