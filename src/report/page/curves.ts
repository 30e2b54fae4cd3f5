import type { ScoreCurve } from '../../../eval/index.js';
import { curveChart } from '../charts/curveChart.js';
import type { ReportData } from '../types.js';
import { markup, type Markup } from './markup.js';
import { count, score } from './numbers.js';

/** Precision by recall, and F1 by score; a class can be laid over all classes. */
export function curves({ curves: all, iouThreshold }: ReportData): Markup {
  const at = `a detection is right from IoU ${score(iouThreshold)} on`;
  return markup`<section id="curves" aria-labelledby="curves-title">
<h2 id="curves-title">Curves</h2>
<p>By COCO's matching; ${at}. The dot is the score threshold of the best F1.</p>
<div class="controls scripted"><label>Class <select id="curve-class">${all.map(
    ({ name, points }, i) =>
      markup`<option value="${i}"${i > 0 && points.length === 0 && markup` disabled`}>${name}</option>`,
  )}</select></label></div>
<ul class="legend" aria-label="Curves shown">${all.map(
    (curve, i) =>
      markup`<li class="${i === 0 ? 'overall' : ''}" data-curve="${i}"${i > 0 && markup` hidden`}><b>${curve.name}</b> ${describeCurve(curve)}</li>
`,
  )}</ul>
<div class="panels">
<figure class="panel"><figcaption>Precision and recall</figcaption>
${curveChart({
  label: 'Precision by recall',
  xLabel: 'recall',
  yLabel: 'precision',
  curves: all.map(({ points, best }) => ({
    points: points.map(({ recall, precision }) => [recall, precision] as const),
    mark: best && [best.recall, best.precision],
  })),
})}
</figure>
<figure class="panel"><figcaption>F1 by score threshold</figcaption>
${curveChart({
  label: 'F1 by score threshold',
  xLabel: 'score threshold',
  yLabel: 'F1',
  curves: all.map(({ points, best }) => ({
    points: points
      .filter(({ score }) => score >= 0 && score <= 1)
      .map(({ score, f1 }) => [score, f1] as const),
    mark: best && best.score >= 0 && best.score <= 1 ? [best.score, best.f1] : null,
  })),
})}
</figure>
</div>
</section>
`;
}

function describeCurve({ positives, best }: ScoreCurve): string {
  const objects = `${count(positives)} ${positives === 1 ? 'object' : 'objects'}`;
  if (!best) return `${objects}; nothing to draw`;
  return `${objects}; best F1 ${score(best.f1)} at score ${score(best.score)}, precision ${score(best.precision)}, recall ${score(best.recall)}`;
}
