#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { detectCommand } from './commands/detect.js';
import { evalCommand } from './commands/eval.js';
import { proposeCommand } from './commands/propose.js';
import { weightsCommand } from './commands/weights.js';
import { EXIT_CODES } from './errors.js';
import { isExpected } from './commands/expectedErrors.js';
import { packageVersion } from './version.js';

const program = new Command('rcnn')
  .description('Object detection by region proposals and GoogLeNet (R-CNN).')
  .version(packageVersion())
  .showHelpAfterError('(add --help for the options)')
  .addCommand(detectCommand())
  .addCommand(evalCommand())
  .addCommand(proposeCommand())
  .addCommand(weightsCommand())
  .addHelpText(
    'after',
    '\nExit codes: 0 done; 1 done, but some files failed; 2 wrong arguments or a bad file;\n3 an internal error; 130 stopped, the same command goes on.',
  );
for (const command of [
  program,
  ...program.commands,
  ...program.commands.flatMap((c) => c.commands),
]) {
  command.exitOverride();
}

try {
  await program.parseAsync();
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
