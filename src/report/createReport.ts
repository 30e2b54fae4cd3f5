import { createHash } from 'node:crypto';
import { calibration } from './page/calibration.js';
import { classes } from './page/classes.js';
import { confusion } from './page/confusion.js';
import { curves } from './page/curves.js';
import { errors } from './page/errors.js';
import {
  classPlaces,
  exampleCard,
  examplesHead,
  storedPhoto,
} from './page/examples.js';
import { Markup, markup } from './page/markup.js';
import { SCRIPT } from './page/script.js';
import { STYLE } from './page/style.js';
import { summary } from './page/summary.js';
import { viewer } from './page/viewer.js';
import type { ReportData } from './types.js';

/**
 * The report as one HTML text. It needs nothing but itself: style, script and pictures
 * are inside, and its content security policy allows these and nothing else, no network
 * and no other script.
 *
 * The same data give the same text. For long galleries see `reportParts`.
 */
export function createReport(data: ReportData): string {
  return [...reportParts(data)].join('');
}

/** The same in pieces, none of them larger than a picture or a section. */
export function* reportParts(data: ReportData): Generator<string> {
  const { title, sources, tool, photos, examples } = data;
  const sections: [id: string, name: string][] = [
    ['summary', 'Summary'],
    ['errors', 'Errors'],
    ['curves', 'Curves'],
    ['classes', 'Classes'],
    ['confusion', 'Confusion'],
    ['calibration', 'Calibration'],
    ['examples', 'Examples'],
  ];
  yield markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="${tool}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#summary">Skip to the results</a>
<header>
<h1>${title}</h1>
<p class="muted">${sources.detections} <span class="against">against</span> ${sources.annotations}</p>
<nav aria-label="Sections"><ul>${sections.map(([id, name]) => markup`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main>
`.text;
  for (const section of [summary, errors, curves, classes, confusion, calibration]) {
    yield section(data).text;
  }
  yield examplesHead(data).text;
  if (examples.length > 0) {
    yield '<svg class="store" aria-hidden="true"><defs>\n';
    for (const [place, photo] of photos.entries()) {
      yield storedPhoto(photo, place).text;
    }
    yield '</defs></svg>\n<ul class="cards" id="cards">\n';
    const places = classPlaces(data);
    for (const [rank, example] of examples.entries()) {
      yield exampleCard(example, rank, photos[example.photo], places).text;
    }
    yield '</ul>\n<p class="controls scripted"><button type="button" id="more">Show more</button></p>\n</section>\n';
  }
  yield markup`</main>
<footer class="muted">Made by ${tool}.</footer>
${viewer()}
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`.text;
}

const hash = (text: string) =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing is loaded; our style and our script are known by their hashes. */
const POLICY = [
  `default-src 'none'`,
  `img-src data:`,
  `style-src ${hash(STYLE)}`,
  `script-src ${hash(SCRIPT)}`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `require-trusted-types-for 'script'`,
  `trusted-types 'none'`,
].join('; ');
