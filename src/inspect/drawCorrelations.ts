import sharp from '../images/sharp.js';
import writeFileAtomic from 'write-file-atomic';
import type { Site } from '../../detectors/correlation/index.js';
import { textOutlines, textWidth } from '../draw/labelFont.js';
import { partsOf } from './runCorrelations.js';

export interface CorrelationPicture {
  network: string;
  site: Site;
  /** [n, n] in the order of the units. */
  correlations: Float64Array;
  /** The units in the order in which they are drawn. */
  order: readonly number[];
  clusters: readonly number[][];
}

const LEFT = 92;
const TOP = 96;
const RIGHT = 132;
const BOTTOM = 76;
/** Strips along two sides that say which convolution makes a unit. */
const STRIP = 12;
/** Colours that people with any colour vision tell apart (Okabe and Ito 2008). */
const PART_COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#f0e442'];
/** From r = −1 over 0 to 1: blue, white, red, each darker at its end. */
const SCALE = [
  [5, 48, 97],
  [67, 147, 195],
  [255, 255, 255],
  [214, 96, 77],
  [103, 0, 31],
];

/**
 * Draws the correlations of a layer, units that fire together side by side, as
 * `PATH.svg` and `PATH.png`.
 */
export async function drawCorrelations(
  picture: CorrelationPicture,
  path: string,
): Promise<void> {
  const svg = await correlationSvg(picture);
  await writeFileAtomic(`${path}.svg`, svg);
  await writeFileAtomic(`${path}.png`, await sharp(Buffer.from(svg)).png().toBuffer());
}

async function correlationSvg(picture: CorrelationPicture): Promise<string> {
  const { site, correlations, order, clusters, network } = picture;
  const n = order.length;
  // Whole pixels for each unit, so that none is lost or blurred.
  const cell = Math.max(1, Math.round(640 / n));
  const side = cell * n;
  const width = LEFT + side + RIGHT;
  const height = TOP + side + BOTTOM;
  const groups = clusters.filter(({ length }) => length > 1);
  const grouped = groups.reduce((sum, { length }) => sum + length, 0);
  const matrix = await matrixPng(correlations, order, cell);
  const parts = [
    text(LEFT - STRIP - 4, 30, site.name, 18),
    text(
      LEFT - STRIP - 4,
      54,
      `${network}: ${n} units, ${groups.length} clusters with ${grouped} of them`,
      12,
      '#555',
    ),
    ...partLegend(site, LEFT - STRIP - 4, 76),
    `<image x="${LEFT}" y="${TOP}" width="${side}" height="${side}" image-rendering="pixelated" href="data:image/png;base64,${matrix.toString('base64')}"/>`,
    ...strips(site, order, cell),
    ...clusterFrames(order, clusters, cell),
    `<rect x="${LEFT}" y="${TOP}" width="${side}" height="${side}" fill="none" stroke="#333"/>`,
    ...axes(n, cell),
    ...colourBar(LEFT + side + 28, TOP, Math.min(side, 320)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}

/** The matrix in the given order, `cell` pixels a unit. */
function matrixPng(
  correlations: Float64Array,
  order: readonly number[],
  cell: number,
): Promise<Buffer> {
  const n = order.length;
  const data = new Uint8Array(3 * n * n);
  for (let i = 0, to = 0; i < n; i++) {
    for (let j = 0; j < n; j++, to += 3) {
      data.set(colourOf(correlations[order[i] * n + order[j]]), to);
    }
  }
  return sharp(data, { raw: { width: n, height: n, channels: 3 } })
    .resize(n * cell, n * cell, { kernel: 'nearest' })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function colourOf(r: number): number[] {
  const place = (Math.max(-1, Math.min(1, r)) + 1) * 2;
  const low = Math.min(3, Math.floor(place));
  return SCALE[low].map((value, c) =>
    Math.round(value + (place - low) * (SCALE[low + 1][c] - value)),
  );
}

const css = (colour: readonly number[]) => `rgb(${colour.join(',')})`;

/** Which convolution makes each unit, along the left side and the top. */
function strips(site: Site, order: readonly number[], cell: number): string[] {
  const nodes = partsOf(site).map(({ node }) => node);
  if (nodes.length < 2) return [];
  const colour = order.map(
    (unit) => PART_COLOURS[nodes.indexOf(site.units[unit].node) % PART_COLOURS.length],
  );
  const parts: string[] = [];
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && colour[end] === colour[start]) end++;
    const [at, length] = [start * cell, (end - start) * cell];
    parts.push(
      `<rect x="${LEFT - STRIP - 2}" y="${TOP + at}" width="${STRIP}" height="${length}" fill="${colour[start]}"/>`,
      `<rect x="${LEFT + at}" y="${TOP - STRIP - 2}" width="${length}" height="${STRIP}" fill="${colour[start]}"/>`,
    );
    start = end;
  }
  return parts;
}

function partLegend(site: Site, left: number, baseline: number): string[] {
  const parts = partsOf(site);
  if (parts.length < 2) return [];
  let x = left;
  return parts.flatMap(({ node, units }, i) => {
    const label = `${node.split('/').at(-1)} (${units})`;
    const marks = [
      `<rect x="${x}" y="${baseline - 10}" width="11" height="11" fill="${PART_COLOURS[i % PART_COLOURS.length]}"/>`,
      text(x + 16, baseline, label, 12),
    ];
    x += 16 + Math.ceil(textWidth(label, 12)) + 18;
    return marks;
  });
}

/** Frames round the clusters, which stand together in the tree's order. */
function clusterFrames(
  order: readonly number[],
  clusters: readonly number[][],
  cell: number,
): string[] {
  const place = new Map(order.map((unit, i) => [unit, i]));
  return clusters
    .filter(({ length }) => length > 2)
    .map((units) => {
      const at = Math.min(...units.map((unit) => place.get(unit)!)) * cell;
      const length = units.length * cell;
      return `<rect x="${LEFT + at}" y="${TOP + at}" width="${length}" height="${length}" fill="none" stroke="#000" stroke-width="1"/>`;
    });
}

function axes(n: number, cell: number): string[] {
  const side = n * cell;
  const step = [1, 2, 4, 8, 16, 32, 64, 128, 256].find((s) => n / s <= 10) ?? 512;
  const parts: string[] = [];
  for (let unit = 0; unit <= n; unit += step) {
    const at = unit * cell;
    parts.push(
      `<path d="M${LEFT + at} ${TOP + side}v5M${LEFT - STRIP - 4} ${TOP + at}h-5" stroke="#333"/>`,
      text(LEFT + at, TOP + side + 19, String(unit), 11, '#000', 'middle'),
      text(LEFT - STRIP - 13, TOP + at + 4, String(unit), 11, '#000', 'end'),
    );
  }
  const name = 'units, those that fire together side by side';
  parts.push(
    text(LEFT + side / 2, TOP + side + 46, name, 12, '#000', 'middle'),
    `<g transform="translate(22 ${TOP + side / 2}) rotate(-90)">${text(0, 0, name, 12, '#000', 'middle')}</g>`,
  );
  return parts;
}

function colourBar(left: number, top: number, height: number): string[] {
  const stops = SCALE.map(
    (colour, i) =>
      `<stop offset="${(SCALE.length - 1 - i) / (SCALE.length - 1)}" stop-color="${css(colour)}"/>`,
  ).reverse();
  const parts = [
    `<defs><linearGradient id="r" x2="0" y2="1">${stops.join('')}</linearGradient></defs>`,
    `<rect x="${left}" y="${top}" width="18" height="${height}" fill="url(#r)" stroke="#333"/>`,
  ];
  for (const r of [1, 0.5, 0, -0.5, -1]) {
    const y = top + ((1 - r) / 2) * height;
    parts.push(
      `<path d="M${left + 18} ${y}h4" stroke="#333"/>`,
      text(left + 27, y + 4, String(r).replace('-', '−'), 11),
    );
  }
  parts.push(text(left, top + height + 22, 'correlation r', 12));
  return parts;
}

/** Text as outlines: the same on every machine, whatever fonts it has. */
function text(
  x: number,
  y: number,
  content: string,
  size: number,
  colour = '#000',
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  const { path, unitsPerEm } = textOutlines(content);
  const width = textWidth(content, size);
  const left = anchor === 'end' ? x - width : anchor === 'middle' ? x - width / 2 : x;
  const scale = size / unitsPerEm;
  return `<path transform="translate(${left.toFixed(1)} ${y}) scale(${scale} ${-scale})" d="${path}" fill="${colour}"/>`;
}
