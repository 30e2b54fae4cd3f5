import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { markup, type Markup } from '../page/markup.js';
import { axes, FRAME } from './axes.js';
import { simplifyLine, type ChartPoint } from './simplifyLine.js';

/** A quarter of a line's thickness, in the picture's units. */
const TOLERANCE = 0.5;

export interface CurveChartOptions {
  /** Says what the picture shows, to those who don't see it. */
  label: string;
  xLabel: string;
  yLabel: string;
  /** The first is always there, the others when they are chosen. Values in [0, 1]. */
  curves: readonly {
    points: readonly (readonly [x: number, y: number])[];
    /** Point to be marked. */
    mark: readonly [x: number, y: number] | null;
  }[];
}

/** Curves in the unit square, one for all classes and one for each that can be chosen. */
export function curveChart({
  label,
  xLabel,
  yLabel,
  curves,
}: CurveChartOptions): Markup {
  const x = scaleLinear([0, 1], [FRAME.left, FRAME.right]);
  const y = scaleLinear([0, 1], [FRAME.bottom, FRAME.top]);
  const draw = line<ChartPoint>().digits(1);
  const path = (points: readonly (readonly [number, number])[]) =>
    draw(
      simplifyLine(
        points.map(([a, b]) => [x(a), y(b)]),
        TOLERANCE,
      ),
    ) ?? '';
  return markup`<svg class="chart" viewBox="0 0 ${FRAME.width} ${FRAME.height}" role="img" aria-label="${label}">
${axes(x, y, xLabel, yLabel)}
${curves.map(
  (
    { points, mark },
    i,
  ) => markup`<g class="${i === 0 ? 'curve overall' : 'curve'}" data-curve="${i}"${i > 0 && markup` hidden`}>${
    points.length > 0 && markup`<path d="${path(points)}"/>`
  }${mark && markup`<circle cx="${x(mark[0]).toFixed(1)}" cy="${y(mark[1]).toFixed(1)}" r="4"/>`}</g>
`,
)}</svg>`;
}
