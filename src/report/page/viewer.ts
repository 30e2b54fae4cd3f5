import { markup, type Markup } from './markup.js';

/** The dialog that shows a whole photo; the page's script fills it. */
export function viewer(): Markup {
  return markup`<dialog id="viewer" aria-labelledby="viewer-title">
<div class="viewer-head"><h2 id="viewer-title"></h2><div class="buttons"><button type="button" id="previous" aria-label="Previous example">‹</button><button type="button" id="next" aria-label="Next example">›</button><button type="button" id="close" aria-label="Close">×</button></div></div>
<svg id="viewer-picture" role="img" aria-labelledby="viewer-title"><use id="viewer-photo"/><use id="viewer-boxes"/><g id="viewer-marks"></g></svg>
<p id="viewer-detail"></p>
<p class="viewer-foot"><label><input type="checkbox" id="all-boxes"> all boxes of the photo</label> <span class="muted" id="viewer-place"></span></p>
</dialog>
`;
}
