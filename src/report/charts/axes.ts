import type { ScaleLinear } from 'd3-scale';
import { markup, type Markup } from '../page/markup.js';

/** The square of a chart in its picture. */
export const FRAME = {
  width: 400,
  height: 300,
  left: 50,
  right: 390,
  top: 10,
  bottom: 258,
};

/** A grid with numbers and the names of both axes. */
export function axes(
  x: ScaleLinear<number, number>,
  y: ScaleLinear<number, number>,
  xLabel: string,
  yLabel: string,
): Markup {
  const { left, right, top, bottom, height } = FRAME;
  const middle = (top + bottom) / 2;
  return markup`<g class="axes" aria-hidden="true">
${x.ticks(5).map((value) => {
  const at = x(value).toFixed(1);
  return markup`<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/><text x="${at}" y="${bottom + 16}" text-anchor="middle">${value}</text>`;
})}
${y.ticks(5).map((value) => {
  const at = y(value).toFixed(1);
  return markup`<line x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text x="${left - 7}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value}</text>`;
})}
<text class="name" x="${(left + right) / 2}" y="${height - 6}" text-anchor="middle">${xLabel}</text>
<text class="name" transform="translate(13 ${middle}) rotate(-90)" text-anchor="middle">${yLabel}</text>
</g>`;
}
