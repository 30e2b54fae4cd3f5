import { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { describeReport } from '../doctor/describeReport.js';
import { examine } from '../doctor/examine.js';
import { EXIT_CODES } from '../errors.js';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'say of each engine whether it is installed, loads, on which device, and what to do; exit code 1 when there is something to do',
    )
    .option('-j, --json [file]', 'the report as JSON, to a file or standard output')
    .action(async ({ json }: { json?: string | true }) => {
      const report = await examine();
      const text = JSON.stringify(report, null, 2) + '\n';
      process.stdout.write(json === true ? text : describeReport(report));
      if (typeof json === 'string') await writeFileAtomic(json, text);
      process.exitCode =
        report.problems.length > 0 ? EXIT_CODES.someFailed : EXIT_CODES.success;
    });
}
