import { errorTypes } from '../../../eval/index.js';
import type { LabelledBox, ReportData, ReportExample, ReportPhoto } from '../types.js';
import { describeExample } from './describeExample.js';
import { ERROR_TYPES } from './errorTypes.js';
import { markup, type Markup } from './markup.js';
import { count, score, short } from './numbers.js';

/** The section's head: filters, order, legend. */
export function examplesHead(data: ReportData): Markup {
  const { examples, photos, errors, scoreThreshold } = data;
  const shownNames = new Set(examples.flatMap(classesOf));
  const names = [...shownNames].sort((a, b) => a.localeCompare(b, 'en'));
  const places = classPlaces(data);
  const types = errorTypes.filter((type) =>
    examples.some((example) => example.type === type),
  );
  const unread = photos.filter(({ picture, problem }) => !picture && problem);
  return markup`<section id="examples" aria-labelledby="examples-title">
<h2 id="examples-title">Examples</h2>
${
  examples.length === 0
    ? markup`<p>There is no error to show.</p></section>`
    : markup`<p>The worst of each type: false positives by their score, missed objects (nothing from score ${score(scoreThreshold)} on) by their size. Choose a picture to see the whole photo.</p>
${unread.length > 0 && markup`<details class="note"><summary>${count(unread.length)} of ${count(photos.length)} photos are not shown</summary><ul>${unread.slice(0, 20).map(({ name, problem }) => markup`<li>${name}: ${problem}</li>`)}${unread.length > 20 && markup`<li>and ${count(unread.length - 20)} more</li>`}</ul></details>`}
<ul class="legend keys" aria-label="What the boxes mean"><li class="key-object">object</li><li class="key-detection">detection</li></ul>
<form class="controls scripted" id="filters" aria-label="Filter the examples">
<fieldset><legend>Type</legend>${types.map((type) => {
        const shown = examples.filter((example) => example.type === type).length;
        const all =
          type === 'missed' ? errors.countsAtThreshold.missed : errors.counts[type];
        return markup`<label class="chip"><input type="checkbox" name="type" value="${type}" checked><span class="dot ${type}"></span>${ERROR_TYPES[type].name} <span class="muted">${count(shown)} of ${count(Math.max(all, shown))}</span></label>`;
      })}</fieldset>
<label>Class <select name="class"><option value="">all classes</option>${names.map((name) => markup`<option value="${places.get(name)}">${name}</option>`)}</select></label>
<label>Order <select name="order"><option value="rank">worst first</option><option value="score">highest score</option><option value="size">largest box</option><option value="class">class</option><option value="photo">photo</option></select></label>
</form>
<p id="example-count" role="status" class="muted">${count(examples.length)} examples</p>`
}
`;
}

/** Places of the classes in the results, by name: what the page's script calls them. */
export function classPlaces({ result }: ReportData): Map<string, number> {
  const places = new Map<string, number>();
  result.classes.forEach(({ name }, place) => {
    if (!places.has(name)) places.set(name, place);
  });
  return places;
}

/** One card. */
export function exampleCard(
  example: ReportExample,
  rank: number,
  photo: ReportPhoto,
  places: ReadonlyMap<string, number>,
): Markup {
  const { type, detection, object, window } = example;
  const { subject, detail } = describeExample(example);
  const { name } = ERROR_TYPES[type];
  // Halos lie below both lines, so that neither hides the other.
  const marks = (['halo', 'line'] as const).map((part) =>
    [object, detection].map((shown) => shown && markBox(shown, [part])),
  );
  const [x1, y1, x2, y2] = (detection ?? object)!.box;
  const size = (x2 - x1) * (y2 - y1);
  const [left, top, right, bottom] = window;
  const [x, y, width, height] = [left, top, right - left, bottom - top].map(short);
  return markup`<li class="card" data-type="${type}" data-rank="${rank}" data-score="${detection?.score ?? ''}" data-size="${short(size)}" data-classes="${classesOf(
    example,
  )
    .map((className) => places.get(className))
    .join(
      ' ',
    )}" data-photo="${photo.name}" data-place="${example.photo}" data-view="0 0 ${short(photo.width)} ${short(photo.height)}"><figure>
<button type="button" class="picture" disabled aria-label="${name}: ${subject}, ${detail}. Show the whole photo"><svg viewBox="${x} ${y} ${width} ${height}" aria-hidden="true">${
    example.picture
      ? markup`<image href="${example.picture}" x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="none"/>`
      : photo.picture && markup`<use href="#photo-${example.photo}"/>`
  }<g class="marks">${marks}</g></svg>${
    !photo.picture &&
    !example.picture &&
    markup`<span class="no-picture">no photo</span>`
  }</button>
<figcaption><span class="type"><span class="dot ${type}"></span>${name}</span><b>${subject}</b><span>${detail}</span><span class="muted file">${photo.name}</span>${photo.picture && photo.problem && markup`<span class="note">${photo.problem}</span>`}</figcaption>
</figure></li>
`;
}

/** What all pictures of a photo share: its pixels and its boxes, drawn once, used by name. */
export function storedPhoto(photo: ReportPhoto, place: number): Markup {
  const { width, height, picture, boxes } = photo;
  const letters = Math.max(width, height) / 54;
  return markup`${
    picture &&
    markup`<image id="photo-${place}" href="${picture}" width="${short(width)}" height="${short(height)}" preserveAspectRatio="none"/>`
  }<g id="boxes-${place}">${boxes.map((shown) => {
    const [x1, y1] = shown.box;
    const text =
      shown.score === null
        ? shown.className
        : `${shown.className} ${score(shown.score)}`;
    // Letters are about 0.6 as wide as high; labels stay inside the photo.
    const x = Math.min(x1 + letters * 0.25, width - 0.6 * letters * text.length);
    // Detections are labelled on top, objects below, so that a pair can be read.
    const y = shown.score === null ? shown.box[3] - letters * 0.35 : y1 + letters;
    return markup`${markBox(shown)}<text class="${shown.score === null ? 'object' : 'detection'}" x="${short(Math.max(0, x))}" y="${short(y)}" font-size="${short(letters)}">${text}</text>`;
  })}</g>
`;
}

/** A box as a coloured line on a dark halo, which shows on any photo. */
function markBox(
  { box, score }: LabelledBox,
  parts: readonly ('halo' | 'line')[] = ['halo', 'line'],
): Markup {
  const [x1, y1, x2, y2] = box;
  const line = score === null ? 'object' : 'detection';
  return markup`${parts.map(
    (part) =>
      markup`<rect class="${part === 'line' ? line : part}" x="${short(x1)}" y="${short(y1)}" width="${short(x2 - x1)}" height="${short(y2 - y1)}"/>`,
  )}`;
}

function classesOf({ detection, object }: ReportExample): string[] {
  return [
    ...new Set([detection, object].flatMap((one) => (one ? [one.className] : []))),
  ];
}
