import { Command } from 'commander';
import { checkCommand } from './commands/check.js';
import { classifyCommand } from './commands/classify.js';
import { compareCommand } from './commands/compare.js';
import { convertCommand } from './commands/convert.js';
import { detectCommand } from './commands/detect.js';
import { evalCommand } from './commands/eval.js';
import { explainCommand } from './commands/explain.js';
import { inspectCommand } from './commands/inspect.js';
import { proposeCommand } from './commands/propose.js';
import { reportCommand } from './commands/report.js';
import { summaryCommand } from './commands/summary.js';
import { weightsCommand } from './commands/weights.js';
import { packageVersion } from './version.js';

/** The command line with all its commands and options; throws instead of exiting. */
export function createProgram(): Command {
  const program = new Command('rcnn')
    .description('Object detection by region proposals and GoogLeNet (R-CNN).')
    .version(packageVersion())
    .showHelpAfterError('(add --help for the options)')
    .addCommand(detectCommand())
    .addCommand(evalCommand())
    .addCommand(compareCommand())
    .addCommand(checkCommand())
    .addCommand(convertCommand())
    .addCommand(explainCommand())
    .addCommand(inspectCommand())
    .addCommand(classifyCommand())
    .addCommand(proposeCommand())
    .addCommand(reportCommand())
    .addCommand(summaryCommand())
    .addCommand(weightsCommand())
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 done, but some files failed or a limit\nwas not met; 2 wrong arguments or a bad file; 3 an internal error; 130 stopped, the same command goes on.',
    );
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((c) => c.commands),
  ]) {
    command.exitOverride();
  }
  return program;
}
