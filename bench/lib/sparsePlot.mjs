/** The plot of bench/sparse.mjs: speed against sparsity, and the break-even of each layer. */
import { scaleLinear, scaleLog, scalePoint } from 'd3-scale';
import { line } from 'd3-shape';

const WIDTH = 980;
const HEIGHT = 520;
const LEFT = { left: 64, right: 560, top: 56, bottom: 462 };
const RIGHT = { left: 700, right: 960, top: 56, bottom: 462 };
/** Colours that people with any colour vision tell apart (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#56b4e9', '#d55e00', '#e69f00', '#009e73'];
const TABLES = '#cc79a7';

const escape = (text) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const text = (x, y, content, anchor = 'start', more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${more}>${escape(content)}</text>`;
const percent = (sparsity) => `${Number((100 * sparsity).toPrecision(4))} %`;
const middle = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/**
 * @param results layers with their dense times and, by method, points { sparsity, speed }
 * @param tables connection tables: { name, sparsity, speed by method }
 */
export function sparsePlot({ results, tables, breakEven, methods }) {
  // What is left of the weights, falling: 50 %, 10 %, 1 % are far enough apart.
  const x = scaleLog([1, 0.001], [LEFT.left, LEFT.right]);
  const y = scaleLog([0.01, 200], [LEFT.bottom, LEFT.top]).clamp(true);
  const parts = [
    ...axes(x, y),
    ...bands(results, methods, x, y),
    ...tableMarks(tables, x, y),
    ...evenDots(results, methods, breakEven),
    ...legend(methods),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="DejaVu Sans, sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}

function axes(x, y) {
  const { left, right, top, bottom } = LEFT;
  const parts = [
    text(
      left,
      22,
      'Sparse products against the dense library',
      'start',
      'font-size="15" font-weight="bold"',
    ),
    text(
      left,
      40,
      "GoogLeNet's layers, one thread; lines are medians, bands least to most",
      'start',
      'fill="#555"',
    ),
  ];
  for (const sparsity of [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999]) {
    const at = x(1 - sparsity);
    parts.push(
      `<path d="M${at.toFixed(1)} ${top}V${bottom}" stroke="#eee"/>`,
      text(at, bottom + 16, `${Number((100 * sparsity).toFixed(1))}`, 'middle'),
    );
  }
  for (const speed of [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100]) {
    parts.push(
      `<path d="M${left} ${y(speed).toFixed(1)}H${right}" stroke="${speed === 1 ? '#000' : '#ddd'}"/>`,
      text(left - 6, y(speed) + 4, String(speed), 'end'),
    );
  }
  parts.push(
    text((left + right) / 2, HEIGHT - 22, 'zeros among the weights, %', 'middle'),
    text(
      (left + right) / 2,
      HEIGHT - 6,
      '(the axis is logarithmic in what is left)',
      'middle',
      'fill="#555"',
    ),
    `<text transform="rotate(-90 16 ${(top + bottom) / 2})" x="16" y="${(top + bottom) / 2}" text-anchor="middle">speed, times the dense product of the library</text>`,
    // What skipping would bring if a multiplication cost the same in both.
    `<path d="M${x(1)} ${y(1)}L${x(1 / 200).toFixed(1)} ${y(200)}" stroke="#888" stroke-dasharray="5 4" fill="none"/>`,
    text(
      x(1 / 60) + 8,
      y(60) + 4,
      'operations saved',
      'start',
      'fill="#666" font-style="italic"',
    ),
  );
  return parts;
}

/** For each method a line through the layers' median and a band over all of them. */
function bands(results, methods, x, y) {
  return methods.flatMap((name, m) => {
    const layers = results
      .map(({ points }) => points[name])
      .filter((row) => row.length > 0);
    if (layers.length === 0) return [];
    // Layers share the sparsities asked for, so the i-th points belong together.
    const columns = layers[0].map((_, i) => layers.map((row) => row[i]));
    const summary = columns.map((points) => ({
      density: middle(points.map(({ sparsity }) => 1 - sparsity)),
      speed: middle(points.map(({ speed }) => speed)),
      low: Math.min(...points.map(({ speed }) => speed)),
      high: Math.max(...points.map(({ speed }) => speed)),
    }));
    const path = (key) =>
      line().digits(1)(summary.map((point) => [x(point.density), y(point[key])]));
    const back = line().digits(1)(
      [...summary].reverse().map((point) => [x(point.density), y(point.low)]),
    );
    const dashes = name.endsWith('clustered') ? ' stroke-dasharray="7 3"' : '';
    return [
      `<path d="${path('high')}L${back.slice(1)}Z" fill="${COLOURS[m]}" opacity="0.1"/>`,
      `<path d="${path('speed')}" fill="none" stroke="${COLOURS[m]}" stroke-width="2"${dashes}/>`,
    ];
  });
}

/** Connection tables: a square for the best product that skips, a diamond for grouped nodes. */
function tableMarks(tables, x, y) {
  return tables.flatMap(({ name, groups, sparsity, speed }) => {
    const at = x(1 - sparsity);
    const { 'library, grouped': grouped, ...skipping } = speed;
    const best = y(Math.max(...Object.values(skipping)));
    const label = groups ? `${groups} groups` : name;
    const marks = [
      `<rect x="${(at - 4).toFixed(1)}" y="${(best - 4).toFixed(1)}" width="8" height="8" fill="${TABLES}" stroke="#fff"/>`,
    ];
    if (!grouped) marks.push(text(at + 8, best + 14, label, 'start', 'font-size="10"'));
    else {
      const top = y(grouped).toFixed(1);
      marks.push(
        `<path d="M${at.toFixed(1)} ${top}m-5.5 0l5.5 -5.5l5.5 5.5l-5.5 5.5Z" fill="${TABLES}" stroke="#fff"/>`,
        text(at, y(grouped) - 9, String(groups), 'middle', 'font-size="10"'),
      );
    }
    return marks;
  });
}

/** The sparsity from which each method is faster, layer by layer. */
function evenDots(results, methods, breakEven) {
  const { left, right, top, bottom } = RIGHT;
  const x = scaleLog([0.3, 0.005], [left, right]).clamp(true);
  const y = scalePoint(
    results.map(({ layer }) => layer),
    [top + 14, bottom - 10],
  );
  const spread = scaleLinear([0, methods.length - 1], [-5, 5]);
  const parts = [
    text(left - 100, 22, 'Break-even', 'start', 'font-size="15" font-weight="bold"'),
    text(
      left - 100,
      40,
      'zeros from which skipping them is faster, by layer',
      'start',
      'fill="#555"',
    ),
  ];
  for (const sparsity of [0.7, 0.8, 0.9, 0.95, 0.98, 0.99]) {
    parts.push(
      `<path d="M${x(1 - sparsity).toFixed(1)} ${top}V${bottom}" stroke="#eee"/>`,
      text(x(1 - sparsity), bottom + 16, percent(sparsity).replace(' %', ''), 'middle'),
    );
  }
  parts.push(
    text((left + right) / 2, HEIGHT - 22, 'zeros among the weights, %', 'middle'),
  );
  for (const { layer, points } of results) {
    const at = y(layer);
    parts.push(
      `<path d="M${left} ${at.toFixed(1)}H${right}" stroke="#eee"/>`,
      text(left - 8, at + 4, layer, 'end'),
    );
    methods.forEach((name, m) => {
      const even = points[name].length > 0 ? breakEven(points[name]) : undefined;
      if (even === undefined) return;
      const middleX = x(1 - even).toFixed(1);
      const middleY = (at + spread(m)).toFixed(1);
      const isClustered = name.endsWith('clustered');
      parts.push(
        `<circle cx="${middleX}" cy="${middleY}" r="3.6" fill="${isClustered ? '#fff' : COLOURS[m]}" stroke="${COLOURS[m]}" stroke-width="1.6"/>`,
      );
    });
  }
  return parts;
}

function legend(methods) {
  const x = LEFT.left + 12;
  const parts = [
    `<rect x="${x - 6}" y="${LEFT.top + 4}" width="248" height="${16 * (methods.length + 2) + 8}" fill="#fff" opacity="0.85"/>`,
  ];
  methods.forEach((name, m) => {
    const y = LEFT.top + 18 + 16 * m;
    const dashes = name.endsWith('clustered') ? ' stroke-dasharray="7 3"' : '';
    parts.push(
      `<path d="M${x} ${y - 4}h26" stroke="${COLOURS[m]}" stroke-width="2"${dashes}/>`,
      text(x + 34, y, name),
    );
  });
  const y = LEFT.top + 18 + 16 * methods.length;
  parts.push(
    `<rect x="${x + 9}" y="${y - 8}" width="8" height="8" fill="${TABLES}"/>`,
    text(x + 34, y, 'connection tables, the best of these'),
    `<path d="M${x + 13} ${y + 12}m-5.5 0l5.5 -5.5l5.5 5.5l-5.5 5.5Z" fill="${TABLES}"/>`,
    text(x + 34, y + 16, "groups, as the library's own node"),
  );
  return parts;
}
