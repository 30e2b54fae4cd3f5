import type { CompressReport } from './runCompress.js';

const many = (count: number) => count.toLocaleString('en');
const percent = (part: number | null | undefined) =>
  part === null || part === undefined ? 'n/a' : `${(100 * part).toFixed(2)} %`;

/** What became of a network, in a few lines. */
export function describeCompression(report: CompressReport): string {
  const { output, network, layers, removed, size, before, after } = report;
  const units = layers.reduce((sum, layer) => sum + layer.units, 0);
  const change = (key: 'parameters' | 'multiplyAdds') =>
    `${many(before[key])} → ${many(after[key])} (${percent(after[key] / before[key] - 1)})`;
  const lines = [
    `${output}: ${network} without ${removed} of ${units} units that can be merged`,
    `parameters ${change('parameters')}`,
    `multiply-adds at ${size[0]}×${size[1]} ${change('multiplyAdds')}`,
  ];
  const { comparison, accuracy } = report;
  if (comparison) {
    lines.push(
      `speed ${comparison.speed.toFixed(3)} times the original's, outputs differ by ${comparison.difference.toExponential(1)} of the largest (${comparison.photos} photos, in turn, one thread)`,
    );
  }
  if (accuracy) {
    for (const [name, value] of Object.entries(accuracy.before)) {
      lines.push(
        `${name} ${percent(value)} → ${percent(accuracy.after[name])} (${accuracy.photos} photos)`,
      );
    }
  }
  return lines.join('\n') + '\n';
}
