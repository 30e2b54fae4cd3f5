#!/usr/bin/env node
import { CommanderError } from 'commander';
import pc from 'picocolors';
import { isExpected } from './commands/expectedErrors.js';
import { EXIT_CODES } from './errors.js';
import { createProgram } from './program.js';

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.badInput;
  } else if (isExpected(error)) {
    process.stderr.write(`${pc.red('error')} ${error.message}\n`);
    process.exitCode = EXIT_CODES.badInput;
  } else {
    process.stderr.write(
      `${pc.red('internal error')} ${(error as Error).stack ?? String(error)}\n`,
    );
    process.exitCode = EXIT_CODES.internal;
  }
}
