import { reliabilityChart } from '../charts/reliabilityChart.js';
import type { ReportData } from '../types.js';
import { markup, type Markup } from './markup.js';
import { count, percent, score } from './numbers.js';

/** Whether scores can be read as probabilities. */
export function calibration({
  calibration: measured,
  iouThreshold,
}: ReportData): Markup {
  return markup`<section id="calibration" aria-labelledby="calibration-title">
<h2 id="calibration-title">Calibration</h2>
${
  measured === null
    ? markup`<p>Scores outside 0 to 1 are no probabilities, so there is nothing to calibrate.</p>`
    : measured.count === 0
      ? markup`<p>There are no detections.</p>`
      : markup`<p>If scores were probabilities, bars would end on the diagonal: of the detections with score 0.8, eight in ten would be right (IoU from ${score(iouThreshold)}). Expected calibration error: ${percent(measured.ece)}\u00a0%; the largest: ${percent(measured.mce)}\u00a0%.</p>
<div class="panels">
<figure class="panel"><figcaption>Precision by score</figcaption>
<ul class="legend keys small" aria-label="Colours"><li class="key-over">scores promise more</li><li class="key-under">scores promise less</li></ul>
${reliabilityChart(measured, 'Precision of the detections by their score; the table beside has the numbers')}
</figure>
<div class="panel scroll" role="region" aria-label="Calibration by score" tabindex="0"><table>
<caption>By score</caption>
<thead><tr><th scope="col">score</th><th scope="col" class="number">detections</th><th scope="col" class="number">mean score</th><th scope="col" class="number">precision</th></tr></thead>
<tbody>${measured.bins.map(
          (bin) =>
            markup`<tr><th scope="row">${bin.from.toFixed(1)} to ${bin.to.toFixed(1)}</th><td class="number">${count(bin.count)}</td><td class="number">${bin.confidence === null ? 'n/a' : score(bin.confidence)}</td><td class="number">${bin.precision === null ? 'n/a' : score(bin.precision)}</td></tr>`,
        )}</tbody>
</table></div>
</div>`
}
</section>
`;
}
