import { EOL } from 'node:os';
import pc from 'picocolors';
import type { DoctorReport, EngineReport } from './examine.js';

const row = (name: string, text: string) => `${name.padEnd(11)} ${text}`;

/** An examination in a few lines for a terminal. */
export function describeReport(report: DoctorReport): string {
  const { version, node, platform, gpu, engines, auto, problems } = report;
  const lines = [
    row('rcnn', `${version}, Node.js ${node}, ${platform}`),
    row('GPU', gpu ?? 'none that an engine could use'),
    ...engines.flatMap(describeEngine),
    row(
      'auto',
      auto ? `takes ${auto.name}: ${auto.reason}` : pc.red('no engine loads'),
    ),
    problems.length === 0
      ? row('result', pc.green('all is well'))
      : row('result', pc.red(`${problems.length} to see to`)),
    ...problems.map((problem) => row('', problem)),
  ];
  return lines.join(EOL) + EOL;
}

function describeEngine(engine: EngineReport): string[] {
  const { name, isInstalled, loads, version, device, folder, seconds } = engine;
  const { problem, advice } = engine;
  if (!isInstalled) {
    return [
      row(name, `not installed, ${problem}`),
      ...(advice ? [row('', advice)] : []),
    ];
  }
  const lines = [
    loads
      ? row(name, `${version} on ${device}, loads in ${seconds?.toFixed(2)} s`)
      : row(name, `${pc.red('does not load')}: ${problem}`),
    ...(folder ? [row('', folder)] : []),
  ];
  if (advice) lines.push(row('', pc.yellow(advice)));
  return lines;
}
