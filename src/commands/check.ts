import { Command, Option } from 'commander';
import pc from 'picocolors';
import type { PixelConvention } from '../../eval/index.js';
import { EXIT_CODES } from '../errors.js';
import {
  checkAnnotations,
  type AnnotationsReport,
} from '../evaluation/checkAnnotations.js';
import { checkWritable, writeJson } from '../evaluation/files.js';
import {
  describeFormats,
  parseFormat,
  parsePixels,
  type Format,
} from '../evaluation/formats.js';
import { clean, renderTable } from '../evaluation/table.js';
import { number, wholeNumber } from './optionParsers.js';

interface CheckCommandOptions {
  annotationsFormat?: Format;
  annotationsPixels?: PixelConvention;
  names?: string;
  images?: string;
  duplicateIou: number;
  tolerance: number;
  maxIssues: number;
  json?: string;
}

/** So many findings of a kind, and classes, are shown; the JSON has more. */
const SHOWN = 3;
const CLASSES_SHOWN = 10;

export function checkCommand(): Command {
  return new Command('check')
    .description('what is wrong with annotations; exit code 1 when there is an error')
    .argument('<annotations>', 'ground truth: a file or folder')
    .addOption(
      new Option(
        '--annotations-format <format>',
        'its format (default: by what is there)',
      ).argParser(parseFormat),
    )
    .addOption(
      new Option(
        '--annotations-pixels <way>',
        "how corners count pixels: half-open, voc, ilsvrc (default: the format's)",
      ).argParser(parsePixels),
    )
    .option('--names <file>', 'class names by number: a name a line, or data.yaml')
    .option('--images <dir>', 'folder of the photos: are they there, and of that size?')
    .option(
      '--duplicate-iou <iou>',
      'boxes of one class that overlap so much are near duplicates',
      number(0.01, 1),
      0.9,
    )
    .option(
      '--tolerance <pixels>',
      'boxes may stick out of their photo by so much',
      number(0),
      1,
    )
    .option('--max-issues <n>', 'findings of a kind in the JSON', wholeNumber(1), 100)
    .option('-j, --json <file>', 'write the report here')
    .addHelpText('after', `\n${describeFormats()}`)
    .action(async (path: string, options: CheckCommandOptions) => {
      const { json, annotationsFormat, annotationsPixels, ...rest } = options;
      await checkWritable(json);
      const report = await checkAnnotations({
        ...{ path, format: annotationsFormat, pixels: annotationsPixels },
        ...rest,
      });
      if (json) await writeJson(json, report);
      process.stdout.write(describe(report));
      if (!report.isSound) process.exitCode = EXIT_CODES.someFailed;
    });
}

function describe(report: AnnotationsReport): string {
  const { file, format, pixels, counts, totals, issues, classes, isSound } = report;
  const lines = [
    `${file} (${format}: ${pixels})`,
    `${counts.images} photos, ${counts.annotations} boxes, ${counts.categories} classes`,
  ];
  const ordered = [...totals].sort(
    (a, b) =>
      Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
      b.count - a.count,
  );
  if (ordered.length > 0) {
    lines.push(
      renderTable(
        ['finding', 'severity', 'count'],
        ordered.map(({ code, severity, count }) => [code, severity, count]),
      ),
    );
  }
  for (const { code, severity, count } of ordered) {
    const paint = severity === 'error' ? pc.red : pc.yellow;
    lines.push(
      ...issues
        .filter((issue) => issue.code === code)
        .slice(0, SHOWN)
        .map(
          ({ where, message }) => `${paint(severity)} ${clean(`${where}: ${message}`)}`,
        ),
    );
    if (count > SHOWN) lines.push(`  ... and ${count - SHOWN} more of ${code}`);
  }
  lines.push(
    renderTable(
      ['class', 'boxes', 'photos', '% of the boxes'],
      classes
        .slice(0, CLASSES_SHOWN)
        .map(({ name, annotations, images }) => [
          ...[name, annotations, images],
          ((100 * annotations) / Math.max(1, counts.annotations)).toFixed(1),
        ]),
    ),
  );
  if (classes.length > CLASSES_SHOWN) {
    lines.push(`  ... and ${classes.length - CLASSES_SHOWN} more classes`);
  }
  const errors = totals.reduce((n, t) => n + (t.severity === 'error' ? t.count : 0), 0);
  const warnings = totals.reduce(
    (n, t) => n + (t.severity === 'error' ? 0 : t.count),
    0,
  );
  lines.push(
    isSound
      ? pc.green(`no errors, ${warnings} warnings`)
      : pc.red(`${errors} errors, ${warnings} warnings`),
  );
  return lines.join('\n') + '\n';
}
