import { scaleLinear } from 'd3-scale';
import type { Calibration } from '../../../eval/index.js';
import { markup, type Markup } from '../page/markup.js';
import { axes, FRAME } from './axes.js';

/**
 * Precision by score, as bars: on the diagonal scores are probabilities. What mean scores
 * promise beyond the precision, and what they hide of it, has a colour of its own.
 */
export function reliabilityChart({ bins }: Calibration, label: string): Markup {
  const x = scaleLinear([0, 1], [FRAME.left, FRAME.right]);
  const y = scaleLinear([0, 1], [FRAME.bottom, FRAME.top]);
  const bars = bins.flatMap(({ from, to, precision, confidence, count }) => {
    if (precision === null || confidence === null) return [];
    const width = x(to) - x(from) - 2;
    const left = (x(from) + 1).toFixed(1);
    const low = Math.min(precision, confidence);
    const part = (className: string, from: number, to: number) =>
      markup`<rect class="${className}" x="${left}" width="${width.toFixed(1)}" y="${y(to).toFixed(1)}" height="${(y(from) - y(to)).toFixed(1)}"/>`;
    return markup`<g><title>score ${from.toFixed(2)} to ${to.toFixed(2)}: ${count} detections, mean score ${confidence.toFixed(2)}, precision ${precision.toFixed(2)}</title>
${part('bar', 0, low)}${precision < confidence ? part('over', low, confidence) : part('under', low, precision)}</g>
`;
  });
  return markup`<svg class="chart" viewBox="0 0 ${FRAME.width} ${FRAME.height}" role="img" aria-label="${label}">
${axes(x, y, 'score', 'precision')}
${bars}<line class="diagonal" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>
</svg>`;
}
