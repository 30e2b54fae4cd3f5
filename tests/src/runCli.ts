import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs the built command line. */
export function runCli(
  args: readonly string[],
  options: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    onStart?: (child: ChildProcess) => void;
  } = {},
): Promise<CliResult> {
  if (!existsSync(cli)) throw new Error('build first: npm run build');
  return new Promise((resolve, reject) => {
    // A group of its own, so that a test can kill it with its workers.
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: options.cwd,
      // Picocolors colours whatever CI runs.
      env: { ...(options.env ?? process.env), NO_COLOR: '1' },
      detached: true,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    options.onStart?.(child);
  });
}

export const temporaryFolder = () => mkdtempSync(join(tmpdir(), 'rcnn-test-'));

export const readJson = <T>(...path: string[]) =>
  JSON.parse(readFileSync(join(...path), 'utf8')) as T;

/** The sample photos of the package. */
export const samples = fileURLToPath(new URL('../../samples', import.meta.url));
