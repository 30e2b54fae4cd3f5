import type { ReportData } from '../types.js';
import { listConfusions } from './listConfusions.js';
import { markup, type Markup } from './markup.js';
import { mergeClasses } from './mergeClasses.js';
import { count, percent, score } from './numbers.js';

/** More classes than so are no longer a picture; the rest is merged. */
const SHOWN = 20;
const PAIRS = 12;

/** What was there against what was seen: the matrix, and the classes most often mixed up. */
export function confusion({
  confusion: matrix,
  scoreThreshold,
  thresholdSource,
}: ReportData): Markup {
  const { names, counts } = mergeClasses(matrix, SHOWN);
  const pairs = listConfusions(matrix, PAIRS);
  const last = names.length - 1;
  const why = thresholdSource === 'best F1' ? ', the best F1 over all classes' : '';
  return markup`<section id="confusion" aria-labelledby="confusion-title">
<h2 id="confusion-title">Confusion</h2>
<p>Detections with a score of at least ${score(scoreThreshold)}${why}. Rows: what is there; columns: what was seen. Shades are parts of a row.${
    matrix.classes.length > SHOWN &&
    ` Of ${count(matrix.classes.length)} classes the ${SHOWN} with most mix-ups and objects have rows of their own; what the others are taken for among themselves is one number.`
  }</p>
<div class="panels">
<div class="panel scroll all" role="region" aria-label="Confusion matrix" tabindex="0"><table class="matrix">
<caption>Confusion matrix</caption>
<thead><tr><td></td>${names.map((name, i) => markup`<th scope="col"><span>${i === last ? 'nothing' : name}</span></th>`)}</tr></thead>
<tbody>${counts.map((row, truth) => {
    const total = row.reduce((a, b) => a + b, 0);
    return markup`<tr><th scope="row">${truth === last ? 'nothing' : names[truth]}</th>${row.map(
      (n, seen) => {
        // Ten shades; anything that happened has one.
        const shade = n === 0 ? 0 : Math.max(1, Math.ceil((9 * n) / total));
        return markup`<td class="h${shade}${truth === seen && truth < last && ' same'}">${n === 0 ? '' : count(n)}</td>`;
      },
    )}</tr>
`;
  })}</tbody>
</table></div>
<div class="panel scroll all" role="region" aria-label="Classes most often mixed up" tabindex="0"><table class="narrow">
<caption>Most often mixed up</caption>
<thead><tr><th scope="col">is</th><th scope="col">seen as</th><th scope="col" class="number">times</th><th scope="col" class="number">% of its objects</th></tr></thead>
<tbody>${
    pairs.length === 0
      ? markup`<tr><td colspan="4" class="muted">No object was taken for another class.</td></tr>`
      : pairs.map(
          (pair) =>
            markup`<tr><th scope="row">${pair.is}</th><td>${pair.seen}</td><td class="number">${count(pair.count)}</td><td class="number">${percent(pair.part)}</td></tr>`,
        )
  }</tbody>
</table></div>
</div>
</section>
`;
}
