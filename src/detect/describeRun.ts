import { EOL } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import type { DetectReport } from './writeResults.js';

const plural = (n: number, one: string, many = `${one}s`) =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

const ENSEMBLES = {
  mean: 'means of scores and boxes',
  wbf: 'weighted box fusion',
};

/** A finished run in a few lines for a terminal. */
export function describeRun(report: DetectReport, output: string): string {
  const { counts, seconds, engine, model, ensemble, startedAt, finishedAt } = report;
  const wall = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const stages = Object.entries(seconds)
    .filter(([, time]) => time > 0)
    .map(([stage, time]) => `${stage} ${time.toFixed(1)}`);
  const lines = [
    `${plural(counts.detections, 'detection')} in ${plural(counts.detected, 'photo')} ` +
      `(${plural(counts.proposals, 'proposal')}), ${wall.toFixed(1)} s with ${plural(report.workers, 'worker')}`,
    ...(ensemble?.models ?? [model]).map(
      ({ name, sha256 }) => `model     ${name} (${sha256.slice(0, 12)})`,
    ),
    ...(ensemble ? [`ensemble  ${ENSEMBLES[ensemble.method]}`] : []),
  ];
  lines.push(
    `engine    ${engine.name}: ${engine.version} on ${engine.device}, ${engine.reason}`,
  );
  if (stages.length > 0) lines.push(`worker s  ${stages.join(', ')}`);
  if (counts.resumed > 0)
    lines.push(`resumed   ${plural(counts.resumed, 'photo')} had been done before`);
  if (counts.skipped > 0)
    lines.push(`skipped   ${plural(counts.skipped, 'other file')} (no photos by name)`);
  if (counts.notAnnotated) {
    lines.push(
      pc.yellow(
        `warning   ${plural(counts.notAnnotated, 'photo')} not in the annotations, numbered after them`,
      ),
    );
  }
  const { unknownClasses = [] } = counts;
  if (unknownClasses.length > 0) {
    const some = unknownClasses.slice(0, 3).join(', ');
    lines.push(
      pc.yellow(
        `warning   ${plural(unknownClasses.length, 'class', 'classes')} of the model not in the annotations (${some}${unknownClasses.length > 3 ? ', …' : ''})`,
      ),
    );
  }
  if (counts.failed > 0) {
    lines.push(
      pc.red(
        `failed    ${plural(counts.failed, 'file')}, see ${join(output, 'failures.json')}`,
      ),
    );
  }
  lines.push(`results   ${join(output, 'detections.json')}`);
  return lines.join(EOL) + EOL;
}
