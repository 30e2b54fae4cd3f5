import type { ReportData } from '../types.js';
import { markup, type Markup } from './markup.js';
import { count, metricMeaning, percent } from './numbers.js';

/**
 * Standard errors on each side of the value that hold 95 %. Percentiles of the samples
 * are no choice: AP of photos drawn twice is too high, and may leave the value outside.
 */
const NORMAL_95 = 1.96;

/** The first metric large, the others beside it; then AP by parts. */
export function summary({ result, interval, breakdowns }: ReportData): Markup {
  const [first, ...others] = Object.keys(result.metrics);
  const { counts } = result;
  const facts: [string, number][] = [
    ['photos', counts.images],
    ['objects', counts.annotations],
    ['detections', counts.detections],
    ['classes', result.classes.length],
  ];
  const ignored = counts.unknownImage + counts.unknownCategory;
  return markup`<section id="summary" aria-labelledby="summary-title">
<h2 id="summary-title">Summary</h2>
<div class="panels">
<div class="panel headline">
<p class="figure"><span class="name">${first ?? 'AP'}</span> <span class="value">${percent(result.metrics[first])}</span></p>
${
  interval !== null &&
  interval.AP.standardError !== null &&
  markup`<p class="muted">±\u00a0${percent(NORMAL_95 * interval.AP.standardError)} with 95\u00a0% confidence (${count(interval.samples)} bootstrap samples of the photos)</p>`
}
<dl class="facts">${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${count(value)}</dd></div>`)}</dl>
${ignored > 0 && markup`<p class="note">${count(ignored)} detections of unknown photos or classes are left out.</p>`}
</div>
${
  others.length > 0 &&
  markup`<dl class="panel metrics">${others.map(
    (name) =>
      markup`<div><dt>${name}<span class="muted">${metricMeaning(name)}</span></dt><dd>${percent(result.metrics[name])}</dd></div>`,
  )}</dl>`
}
</div>
<p class="rules"><b>Protocol</b> ${result.description}.</p>
<div class="panels">${breakdowns.map(
    ({
      name,
      parts,
    }) => markup`<div class="panel scroll" role="region" aria-label="${name}" tabindex="0"><table>
<caption>${name}</caption>
<thead><tr><th scope="col">part</th><th scope="col" class="number">objects</th><th scope="col" class="number">AP</th><th scope="col" class="number">AP50</th><th scope="col" class="number">AR</th></tr></thead>
<tbody>${parts.map(
      (part) =>
        markup`<tr><th scope="row">${part.name}</th><td class="number">${count(part.objects)}</td><td class="number">${percent(part.AP)}</td><td class="number">${percent(part.AP50)}</td><td class="number">${percent(part.AR)}</td></tr>`,
    )}</tbody>
</table></div>
`,
  )}</div>
<p class="muted small">By part, AP, AP50 and AR are COCO's, in percent, whatever the protocol above.</p>
</section>
`;
}
