import type { EvaluationResult } from '../../eval/index.js';
import { clean, percent, renderTable } from './table.js';

/** An evaluation for the terminal: the protocol in one line, then its numbers. */
export function describeResult(result: EvaluationResult, perClass: boolean): string {
  const { metrics, classes, counts, description } = result;
  const names = Object.keys(metrics);
  const lines = [
    description,
    `${counts.images} photos, ${counts.annotations} boxes, ${counts.detections} detections`,
  ];
  const { unknownImage, unknownCategory } = counts;
  if (unknownImage > 0 || unknownCategory > 0) {
    lines.push(
      `left out: ${unknownImage} detections of unknown photos, ${unknownCategory} of unknown classes`,
    );
  }
  lines.push(
    renderTable(
      ['metric', '%'],
      names.map((name) => [name, percent(metrics[name])]),
    ),
  );
  if (perClass) lines.push(describeClasses(classes));
  return lines.join('\n');
}

function describeClasses(classes: EvaluationResult['classes']): string {
  const shown = Object.keys(classes[0]?.metrics ?? {}).slice(0, 3);
  return renderTable(
    ['class', 'boxes', 'detections', 'false', ...shown],
    classes.map(({ name, groundTruths, detections, falsePositives, metrics }) => [
      ...[name, groundTruths, detections, falsePositives],
      ...shown.map((metric) => percent(metrics[metric])),
    ]),
  );
}

/** A line for a heading between tables. */
export function heading(text: string): string {
  return `\n${clean(text)}`;
}
