import type { ProposalRecall } from './proposalRecall.js';

/** A curve of the plot: its name in the legend and what it measured. */
export interface RecallCurve {
  name: string;
  recall: ProposalRecall;
}

const WIDTH = 640;
const HEIGHT = 420;
const LEFT = 56;
const RIGHT = 16;
const TOP = 16;
const BOTTOM = 48;
/** Colours that people with any colour vision tell apart (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/**
 * Recall against the number of boxes (logarithmic), as a complete SVG file.
 *
 * @param threshold IoU; must be one of the thresholds measured
 */
export function recallPlot(curves: readonly RecallCurve[], threshold = 0.5): string {
  const points = curves.map(({ recall }) => {
    const t = recall.thresholds.indexOf(threshold);
    return recall.counts
      .map((count, i) => ({
        boxes: Math.max(1, Math.min(count, recall.meanProposals)),
        recall: recall.recall[t]?.[i] ?? NaN,
      }))
      .filter((point) => Number.isFinite(point.recall))
      .sort((a, b) => a.boxes - b.boxes);
  });
  const most = Math.max(10, ...points.flat().map((point) => point.boxes));
  const least = Math.min(10, ...points.flat().map((point) => point.boxes));
  const x = (boxes: number): number =>
    LEFT +
    ((WIDTH - LEFT - RIGHT) * Math.log(boxes / least)) / Math.log(most / least || 1);
  const y = (recall: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - recall);
  const parts: string[] = [];
  for (let i = 0; i <= 10; i += 2) {
    parts.push(
      `<path d="M${LEFT} ${y(i / 10)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text(LEFT - 8, y(i / 10) + 4, (i / 10).toFixed(1), 'end'),
    );
  }
  for (const boxes of ticks(least, most)) {
    parts.push(
      `<path d="M${round(x(boxes))} ${TOP}V${HEIGHT - BOTTOM}" stroke="#eee"/>`,
      text(x(boxes), HEIGHT - BOTTOM + 18, String(boxes), 'middle'),
    );
  }
  parts.push(
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, 'proposals an image', 'middle'),
    `<text x="16" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 ${HEIGHT / 2})">recall at IoU ${threshold}</text>`,
  );
  curves.forEach(({ name }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = points[i].map((p) => `${round(x(p.boxes))} ${round(y(p.recall))}`);
    if (path.length > 0) {
      parts.push(
        `<path d="M${path.join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      );
    }
    const legend = TOP + 18 * (i + 1);
    parts.push(
      `<path d="M${LEFT + 12} ${legend - 4}h24" stroke="${colour}" stroke-width="2"/>`,
      text(LEFT + 44, legend, name, 'start'),
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`;
}

/** 1, 3, 10, 30, … within a range. */
function ticks(least: number, most: number): number[] {
  const all: number[] = [];
  for (let decade = 1; decade <= most; decade *= 10) {
    for (const tick of [decade, 3 * decade]) {
      if (tick >= least && tick <= most) all.push(tick);
    }
  }
  return all;
}

function text(x: number, y: number, content: string, anchor: string): string {
  const escaped = content.replace(
    /[&<>"]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped}</text>`;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
