#!/usr/bin/env node
import { CommanderError } from 'commander';
import pc from 'picocolors';
import { describeSystemError, EXIT_CODES, isSystemError } from './errors.js';
import { createProgram } from './program.js';

// Readers such as `head` close the pipe when they have enough.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.badInput;
  } else if ((await import('./commands/expectedErrors.js')).isExpected(error)) {
    process.stderr.write(`${pc.red('error')} ${error.message}\n`);
    process.exitCode = EXIT_CODES.badInput;
  } else if (isSystemError(error)) {
    process.stderr.write(`${pc.red('error')} ${describeSystemError(error)}\n`);
    process.exitCode = EXIT_CODES.badInput;
  } else {
    process.stderr.write(
      `${pc.red('internal error')} ${(error as Error).stack ?? String(error)}\n`,
    );
    process.exitCode = EXIT_CODES.internal;
  }
}
