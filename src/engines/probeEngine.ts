import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a process of its own found of an engine. */
export type ProbeResult =
  | {
      loads: true;
      version: string;
      device: string;
      /** Folder of the package, where there is a choice. */
      folder?: string;
      /** What loading and one product took. */
      seconds: number;
    }
  | { loads: false; problem: string };

export interface ProbeOptions {
  /** Added to the environment. */
  env?: NodeJS.ProcessEnv;
  /** @default 60_000 */
  timeout?: number;
  /** The probe's program, for tests. */
  program?: URL;
}

/** Whether an engine loads and computes, found out without risk to this process. */
export function probeEngine(
  name: 'onnx' | 'tensorflow',
  options: ProbeOptions = {},
): Promise<ProbeResult> {
  const {
    env,
    timeout = 60_000,
    program = new URL('./probe.js', import.meta.url),
  } = options;
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(program), [name], {
      env: { ...process.env, ...env },
      // A library's own words would mix with ours.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      timeout,
    });
    let result: ProbeResult | undefined;
    child.on('message', (message) => (result = message as ProbeResult));
    child.on('error', (error) => (result ??= { loads: false, problem: error.message }));
    child.on('close', (code, signal) => {
      const end =
        signal === 'SIGILL'
          ? 'SIGILL: the library uses instructions that this processor lacks'
          : (signal ?? `exit code ${code}`);
      resolve(result ?? { loads: false, problem: `its process ended with ${end}` });
    });
  });
}
