import { join } from 'node:path';
import { OutputError } from './errors.js';

/** Names that Windows keeps for devices, with any extension. */
const DEVICES = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$/i;

/**
 * The path of a relative name (with '/') within a folder. Names come from
 * command lines, folders and model files; none may lead out of the folder.
 *
 * Only names are looked at: what links stand in the folder already is its
 * owner's affair.
 *
 * @param platform whose rules hold; Windows forbids more
 * @throws OutputError UNSAFE_NAME for absolute names, '..', empty parts, a NUL
 *   and, on Windows, names of devices and characters that it forbids
 */
export function safeJoin(
  folder: string,
  name: string,
  platform: NodeJS.Platform = process.platform,
): string {
  const isWindows = platform === 'win32';
  const parts = name.split(isWindows ? /[/\\]/ : '/');
  for (const part of parts) {
    const problem = problemOf(part) ?? (isWindows ? windowsProblemOf(part) : undefined);
    if (problem) {
      throw new OutputError(
        'UNSAFE_NAME',
        `${JSON.stringify(name)}: ${problem}, so nothing is written under this name; rename it`,
      );
    }
  }
  return join(folder, ...parts);
}

function problemOf(part: string): string | undefined {
  if (part === '') return 'it is absolute or has an empty part';
  if (part === '.' || part === '..') return `it has the part '${part}'`;
  if (part.includes('\0')) return 'it has a NUL character';
  return undefined;
}

function windowsProblemOf(part: string): string | undefined {
  if (DEVICES.test(part)) return `'${part}' is a device on Windows`;
  // eslint-disable-next-line no-control-regex -- these are what Windows forbids
  if (/[<>:"|?*\u0001-\u001f]/.test(part)) return `Windows forbids a character of it`;
  if (/[ .]$/.test(part)) return 'on Windows no part may end in a space or a dot';
  return undefined;
}
