import { mkdir, statfs } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import { runTool } from './runTool.js';

/** The programs that a set-up runs. */
export interface Tools {
  npm: string;
  python: string;
  compiler: string;
}

/** The programs by their usual names; CXX and RCNN_PYTHON in the environment name others. */
export function usualTools(): Tools {
  return {
    npm: 'npm',
    python: process.env.RCNN_PYTHON ?? 'python3',
    compiler: process.env.CXX ?? 'g++',
  };
}

/**
 * Refuses systems that the library is not made for.
 *
 * @throws UsageError UNSUPPORTED_PLATFORM
 */
export function checkPlatform(
  platform: string = process.platform,
  arch: string = process.arch,
  glibc: string | undefined = glibcVersion(),
): void {
  const refuse = (system: string) =>
    new UsageError(
      'UNSUPPORTED_PLATFORM',
      `this set-up knows Linux on x64 with glibc, not ${system}; "npm install @tensorflow/tfjs-node" with its install script may do there, and the onnx engine runs everywhere`,
    );
  if (platform !== 'linux' || arch !== 'x64') throw refuse(`${platform} on ${arch}`);
  if (!glibc) throw refuse('Linux with another C library (Alpine has musl)');
}

function glibcVersion(): string | undefined {
  // Without this it looks up the names of open connections.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as {
    header: { glibcVersionRuntime?: string };
  };
  return header.glibcVersionRuntime;
}

/**
 * Looks for all tools, and names all that are missing at once.
 *
 * @throws UsageError TOOL_MISSING
 */
export async function checkTools(tools: Tools): Promise<void> {
  const runs = async (command: string, args: string[]) => {
    try {
      await runTool(command, args, { purpose: 'look' });
      return true;
    } catch {
      return false;
    }
  };
  const missing: string[] = [];
  if (!(await runs(tools.npm, ['--version']))) {
    missing.push(`${tools.npm} (comes with Node.js; Debian: apt install npm)`);
  }
  if (!(await runs(tools.python, ['--version']))) {
    missing.push(
      `${tools.python} with pip (Debian: apt install python3-pip; RCNN_PYTHON names another Python)`,
    );
  } else if (!(await runs(tools.python, ['-m', 'pip', '--version']))) {
    missing.push(`pip for ${tools.python} (Debian: apt install python3-pip)`);
  }
  if (!(await runs(tools.compiler, ['--version']))) {
    missing.push(
      `${tools.compiler}, a C++ compiler (Debian: apt install g++; CXX names another)`,
    );
  }
  if (missing.length > 0) {
    throw new UsageError(
      'TOOL_MISSING',
      `the set-up needs what is not here: ${missing.join('; ')}`,
    );
  }
}

/**
 * Makes the folder, and refuses a disk that is too full for what will go there.
 *
 * @param room bytes
 * @throws UsageError NO_ROOM
 */
export async function makeRoom(directory: string, room: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= room) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new UsageError(
    'NO_ROOM',
    `${directory}: ${gigabytes(room)} GB are needed while installing, ${gigabytes(free)} GB are free; name another folder with --directory`,
  );
}
