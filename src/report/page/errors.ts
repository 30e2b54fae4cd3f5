import { errorTypes } from '../../../eval/index.js';
import { bar } from '../charts/bar.js';
import type { ReportData } from '../types.js';
import { ERROR_TYPES } from './errorTypes.js';
import { markup, type Markup } from './markup.js';
import { count, percent, score } from './numbers.js';

/** What keeps AP down: each type of error with what its repair would bring. */
export function errors({
  errors: totals,
  iouThreshold,
  scoreThreshold,
}: ReportData): Markup {
  const largest = Math.max(...errorTypes.map((type) => totals.gains[type]), 1e-9);
  return markup`<section id="errors" aria-labelledby="errors-title">
<h2 id="errors-title">What goes wrong</h2>
<p>Each false positive and each missed object has one type (after TIDE, Bolya et al. 2020). The gain is what AP at IoU ${score(iouThreshold)}, now ${percent(totals.AP)}, would win if that type alone were repaired.</p>
<div class="panel scroll" role="region" aria-label="Errors by type" tabindex="0"><table class="errors">
<caption>Errors by type</caption>
<thead><tr><th scope="col">type</th><th scope="col" class="wide">what it is</th><th scope="col" class="number">gain</th><th scope="col" class="chart-column"><span class="unseen">gain as a bar</span></th><th scope="col" class="number">errors</th><th scope="col" class="number">from score ${score(scoreThreshold)}</th></tr></thead>
<tbody>${errorTypes.map((type) => {
    const { name, meaning } = ERROR_TYPES[type];
    return markup`<tr><th scope="row"><span class="dot ${type}"></span>${name}</th><td class="wide muted">${meaning}</td><td class="number">${percent(totals.gains[type])}</td><td class="chart-column">${bar(totals.gains[type] / largest, type)}</td><td class="number">${count(totals.counts[type])}</td><td class="number">${count(totals.countsAtThreshold[type])}</td></tr>
`;
  })}</tbody>
</table></div>
<p class="muted small">If all false positives ranked below all true ones, AP would gain ${percent(totals.falsePositiveGain)}; if no missed object had to be found, ${percent(totals.falseNegativeGain)}.</p>
</section>
`;
}
