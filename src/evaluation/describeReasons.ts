import {
  errorTypes,
  type BootstrapResult,
  type Calibration,
  type ErrorAnalysis,
  type Versus,
} from '../../eval/index.js';
import { heading } from './describeResult.js';
import { describeGoal, type Reasons } from './reasons.js';
import { percent, points, renderTable } from './table.js';

/** So many classes and confusions are shown; the JSON has all. */
const SHOWN = 15;

const ERROR_MEANINGS: Record<(typeof errorTypes)[number], string> = {
  classification: 'right place, wrong class',
  localization: 'right class, bad place',
  both: 'wrong class and bad place',
  duplicate: 'another one of the same object',
  background: 'nothing is there',
  missed: 'an object that nothing found',
};

/** What is behind a result, for the terminal. */
export function describeReasons(reasons: Reasons): string[] {
  const { iouThreshold, maxDetections } = reasons;
  const matching = `COCO's matching at IoU ${iouThreshold}, ${maxDetections} detections`;
  const parts: string[] = [];
  if (reasons.bootstrap) parts.push(...describeBootstrap(reasons.bootstrap));
  if (reasons.versus) parts.push(...describeVersus(reasons.versus));
  for (const { by, parts: rows } of reasons.breakdowns ?? []) {
    parts.push(
      heading(`AP by ${by} (COCO's rules)`),
      renderTable(
        [by, 'photos', 'objects', 'AP', 'AP50', 'AR'],
        rows.map(({ name, photos, objects, AP, AP50, AR }) => [
          ...[name, photos, objects],
          ...[AP, AP50, AR].map(percent),
        ]),
      ),
    );
  }
  if (reasons.errors) parts.push(...describeErrors(reasons.errors, matching));
  if (reasons.confusion) parts.push(...describeConfusion(reasons.confusion, matching));
  if (reasons.calibration) {
    parts.push(...describeCalibration(reasons.calibration, matching));
  }
  if (reasons.advice) parts.push(...describeAdvice(reasons.advice, matching));
  return parts;
}

function describeBootstrap({ AP, samples, confidence }: BootstrapResult): string[] {
  const interval = `${percent(AP.low)} to ${percent(AP.high)}`;
  return [
    heading(
      `COCO AP ${percent(AP.value)} %, with ${100 * confidence} % confidence ${interval} ` +
        `(${samples} samples of the photos)`,
    ),
  ];
}

const RULES: Record<Versus['parts'][number]['rule'], string> = {
  thresholds: 'IoU thresholds',
  interpolation: 'interpolation',
  matching: 'matching',
  exceptions: 'need not be found',
  limit: 'limit of detections',
  ties: 'equal scores by',
};

const VALUES: Record<string, string> = {
  coco: '0.50–0.95',
  half: '0.5',
  'by size': 'by size of object',
  Infinity: 'none',
};

function describeVersus({ from, to, difference, parts, plusOne }: Versus): string[] {
  const name = (value: string | number) => VALUES[value] ?? String(value);
  return [
    heading(
      `${from.protocol} ${percent(from.value)} % against ${to.protocol} ${percent(to.value)} %, ` +
        `each with its usual options: ${points(difference)} points, made by`,
    ),
    renderTable(
      ['rule', from.protocol, to.protocol, 'points'],
      parts.map(({ rule, from: a, to: b, part }) => [
        RULES[rule],
        name(a),
        name(b),
        points(part),
      ]),
    ),
    `(a tool that adds 1 to the sides of half-open boxes would add ${points(plusOne)} points to ${to.protocol})`,
  ];
}

function describeErrors(analysis: ErrorAnalysis, matching: string): string[] {
  const { AP, gains, counts, falsePositiveGain, falseNegativeGain, classes } = analysis;
  const worst = classes
    .map(({ name, counts: own }) => ({
      name,
      own,
      all: errorTypes.reduce((sum, type) => sum + own[type], 0),
    }))
    .filter(({ all }) => all > 0)
    .sort((a, b) => b.all - a.all);
  return [
    heading(`errors after TIDE (${matching} of a photo); AP ${percent(AP)} %`),
    renderTable(
      ['error', 'what', 'count', 'AP lost'],
      [
        ...errorTypes.map((type) => [
          ...[type, ERROR_MEANINGS[type], counts[type]],
          points(gains[type]),
        ]),
        ['false positives', 'all', '', points(falsePositiveGain)],
        ['false negatives', 'all', '', points(falseNegativeGain)],
      ],
    ),
    renderTable(
      ['class', 'class.', 'place', 'both', 'dupl.', 'backgr.', 'missed'],
      worst
        .slice(0, SHOWN)
        .map(({ name, own }) => [name, ...errorTypes.map((type) => own[type])]),
    ),
    ...more(worst.length, 'classes'),
  ];
}

function describeConfusion(
  { classes, counts, scoreThreshold }: NonNullable<Reasons['confusion']>,
  matching: string,
): string[] {
  const background = classes.length;
  const name = (place: number) => classes[place]?.name ?? '(nothing)';
  const confusions = counts
    .flatMap((row, truth) => row.map((count, seen) => ({ truth, seen, count })))
    .filter(
      ({ truth, seen, count }) =>
        count > 0 && truth !== seen && truth !== background && seen !== background,
    )
    .sort((a, b) => b.count - a.count);
  const sum = (rows: number[]) => rows.reduce((a, b) => a + b, 0);
  const right = sum(classes.map((_, i) => counts[i][i]));
  const swapped = sum(confusions.map(({ count }) => count));
  return [
    heading(`confusion (${matching} of a photo; scores from ${scoreThreshold} on)`),
    `${right} objects found as what they are, ${swapped} as something else, ` +
      `${sum(counts.slice(0, -1).map((row) => row[background]))} not found; ` +
      `${sum(counts[background])} detections of nothing`,
    renderTable(
      ['object', 'seen as', 'count', '% of the objects'],
      confusions
        .slice(0, SHOWN)
        .map(({ truth, seen, count }) => [
          name(truth),
          name(seen),
          count,
          percent(count / sum(counts[truth])),
        ]),
    ),
    ...more(confusions.length, 'confusions'),
  ];
}

function describeCalibration({ bins, ece, mce, count }: Calibration, matching: string) {
  return [
    heading(
      `calibration (${matching} of a class in a photo): of ${count} detections the ` +
        `expected error is ${percent(ece)} points, the largest ${percent(mce)}`,
    ),
    renderTable(
      ['scores', 'detections', 'mean score', '% right'],
      bins.map(({ from, to, count: n, confidence, precision }) => [
        `${from.toFixed(2)} to ${to.toFixed(2)}`,
        n,
        percent(confidence),
        percent(precision),
      ]),
    ),
  ];
}

function describeAdvice(
  { goal, classes }: NonNullable<Reasons['advice']>,
  matching: string,
): string[] {
  return [
    heading(`score thresholds for ${describeGoal(goal)} (${matching} of a class)`),
    renderTable(
      ['class', 'threshold', 'precision', 'recall', 'F1'],
      classes.map(({ name, threshold }) => [
        name,
        threshold ? String(Number(threshold.score.toPrecision(6))) : 'n/a',
        ...[threshold?.precision, threshold?.recall, threshold?.f1].map(percent),
      ]),
    ),
  ];
}

function more(count: number, what: string): string[] {
  return count > SHOWN ? [`(${count - SHOWN} more ${what} are in the JSON)`] : [];
}
