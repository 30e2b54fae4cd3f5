import { spawn } from 'node:child_process';
import { UsageError } from '../errors.js';

export interface RunToolOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** What the tool is needed for, for the error. */
  purpose: string;
}

/** Lines of a tool's output that an error repeats. */
const LAST_LINES = 8;

/**
 * Runs another program to its end.
 *
 * @returns what it wrote to its standard output
 * @throws UsageError TOOL_MISSING, TOOL_FAILED with the end of what it said
 */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, purpose }: RunToolOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      said = (said + text.toString()).slice(-20_000);
    });
    child.stderr.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-20_000);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT' || error.code === 'EACCES'
          ? new UsageError(
              'TOOL_MISSING',
              `${command} does not start (${error.code}); it is needed to ${purpose}`,
            )
          : error,
      );
    });
    child.on('close', (code, killed) => {
      if (code === 0) return resolve(output);
      const lines = said.trim().split('\n').slice(-LAST_LINES).join('\n  ');
      reject(
        new UsageError(
          'TOOL_FAILED',
          `could not ${purpose}: "${[command, ...args].join(' ').slice(0, 200)}" ended with ${killed ?? `exit code ${code}`}\n  ${lines}`,
        ),
      );
    });
  });
}
