import { stringify } from 'csv-stringify/sync';
import type { EvaluationResult, ScoreCurve } from '../../eval/index.js';

/** All numbers for a spreadsheet: a line for all classes together, then one for each. */
export function resultCsv({ metrics, classes, protocol }: EvaluationResult): string {
  const names = [
    ...new Set([...Object.keys(metrics), ...Object.keys(classes[0]?.metrics ?? {})]),
  ];
  const value = (number: number | null | undefined) => number ?? 'n/a';
  const sum = (
    key: 'groundTruths' | 'detections' | 'truePositives' | 'falsePositives',
  ) => classes.reduce((total, one) => total + one[key], 0);
  const header = [
    ...['protocol', 'class', 'id', 'boxes', 'detections', 'true', 'false'],
    ...names,
  ];
  const counts = [
    sum('groundTruths'),
    sum('detections'),
    sum('truePositives'),
    sum('falsePositives'),
  ];
  return stringify(
    [
      header,
      [
        ...[protocol, '', '', ...counts],
        ...names.map((name) => (name in metrics ? value(metrics[name]) : '')),
      ],
      ...classes.map((one) => [
        ...[protocol, one.name, one.id, one.groundTruths, one.detections],
        ...[one.truePositives, one.falsePositives],
        ...names.map((name) => (name in one.metrics ? value(one.metrics[name]) : '')),
      ]),
    ],
    { escape_formulas: true },
  );
}

/** Curves as CSV, a line a point. */
export function curvesCsv(curves: readonly ScoreCurve[]): string {
  return stringify(
    [
      ['class', 'id', 'score', 'precision', 'recall', 'f1'],
      ...curves.flatMap(({ name, id, points }) =>
        points.map(({ score, precision, recall, f1 }) => [
          ...[id === null ? '' : name, id ?? ''],
          ...[score, precision, recall, f1],
        ]),
      ),
    ],
    { escape_formulas: true },
  );
}
