import type { ReportData } from '../types.js';
import { markup, type Markup } from './markup.js';
import { count, percent, score } from './numbers.js';

/** At most so many of the protocol's metrics have a column. */
const METRICS = 3;

/** A row a class; columns sort when the page's script runs. */
export function classes({ result, curves }: ReportData): Markup {
  const metrics = Object.keys(result.classes[0]?.metrics ?? {}).slice(0, METRICS);
  const numbers = [
    'objects',
    'detections',
    'right',
    'false',
    ...metrics,
    'best F1',
    'at score',
  ];
  return markup`<section id="classes" aria-labelledby="classes-title">
<h2 id="classes-title">Classes</h2>
<p>${metrics.join(', ')} by the protocol, in percent; right and false at its first IoU threshold, over all detections. n/a: there is no object of the class, or nothing was found of it.</p>
<div class="controls scripted"><label>Find a class <input type="search" id="class-search" autocomplete="off" spellcheck="false"></label></div>
<div class="panel scroll tall" role="region" aria-label="Results by class" tabindex="0"><table class="sortable">
<caption>Results by class</caption>
<thead><tr><th scope="col" aria-sort="none">class</th>${numbers.map((name) => markup`<th scope="col" class="number" aria-sort="none">${name}</th>`)}</tr></thead>
<tbody>${result.classes.map((row, i) => {
    const { best } = curves[i + 1];
    // An F1 of 0 has no threshold that would be better than another.
    const threshold = best && best.f1 > 0 ? best.score : null;
    const cells: [number | null, string][] = [
      ...[row.groundTruths, row.detections, row.truePositives, row.falsePositives].map(
        (value): [number, string] => [value, count(value)],
      ),
      ...metrics.map((name): [number | null, string] => [
        row.metrics[name] ?? null,
        percent(row.metrics[name]),
      ]),
      [best?.f1 ?? null, best ? score(best.f1) : 'n/a'],
      [threshold, threshold === null ? 'n/a' : score(threshold)],
    ];
    return markup`<tr><th scope="row" data-name="${row.name}"><button type="button" class="link" data-show="${i}" disabled>${row.name}</button></th>${cells.map(
      ([value, text]) =>
        markup`<td class="number${value === null && ' none'}" data-value="${value}">${text}</td>`,
    )}</tr>
`;
  })}</tbody>
</table></div>
</section>
`;
}
