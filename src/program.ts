import { Command } from 'commander';
import { packageVersion } from './version.js';

/**
 * The commands, each loaded when it is asked for: the libraries behind them take longer
 * to load than some of them to run.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  detect: async () => (await import('./commands/detect.js')).detectCommand(),
  eval: async () => (await import('./commands/eval.js')).evalCommand(),
  compare: async () => (await import('./commands/compare.js')).compareCommand(),
  check: async () => (await import('./commands/check.js')).checkCommand(),
  convert: async () => (await import('./commands/convert.js')).convertCommand(),
  explain: async () => (await import('./commands/explain.js')).explainCommand(),
  classify: async () => (await import('./commands/classify.js')).classifyCommand(),
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand(),
  inspect: async () => (await import('./commands/inspect.js')).inspectCommand(),
  propose: async () => (await import('./commands/propose.js')).proposeCommand(),
  report: async () => (await import('./commands/report.js')).reportCommand(),
  setup: async () => (await import('./commands/setup.js')).setupCommand(),
  summary: async () => (await import('./commands/summary.js')).summaryCommand(),
  weights: async () => (await import('./commands/weights.js')).weightsCommand(),
};

/**
 * The command line; throws instead of exiting.
 *
 * @param name the only command that is needed; with another word, or none, all are there
 */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command('rcnn')
    .description('Object detection by region proposals and GoogLeNet (R-CNN).')
    .version(packageVersion())
    .showHelpAfterError('(add --help for the options)')
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 done, but some files failed or a limit\nwas not met; 2 wrong arguments or a bad file; 3 an internal error; 130 stopped, the same command goes on.',
    );
  const names =
    name !== undefined && Object.hasOwn(COMMANDS, name)
      ? [name]
      : Object.keys(COMMANDS);
  for (const command of names) program.addCommand(await COMMANDS[command]());
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((c) => c.commands),
  ]) {
    command.exitOverride();
  }
  return program;
}
