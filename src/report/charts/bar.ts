import { markup, type Markup } from '../page/markup.js';

/** A bar of a table's cell; its number stands beside it. */
export function bar(part: number, className = ''): Markup {
  const width = (100 * Math.min(1, Math.max(0, part))).toFixed(1);
  return markup`<svg class="bar-cell" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10"/><rect class="fill ${className}" width="${width}" height="10"/></svg>`;
}
