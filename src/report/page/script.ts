/**
 * The page's script: sorting, the choice of a curve, filters, and the dialog. It makes
 * no HTML from text, so names stay text; without it everything is readable.
 */
export const SCRIPT = `(() => {
'use strict';
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const compareText = new Intl.Collator('en', { numeric: true }).compare;
document.documentElement.classList.add('live');

// Tables: a header sorts by its column, a second time the other way; n/a stays last.
for (const table of all('table.sortable')) {
  const body = table.tBodies[0];
  const headers = all('thead th', table);
  headers.forEach((header, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...header.childNodes);
    header.append(button);
    const isText = column === 0;
    button.addEventListener('click', () => {
      const was = header.getAttribute('aria-sort');
      const first = isText ? 'ascending' : 'descending';
      const second = isText ? 'descending' : 'ascending';
      const order = was === first ? second : first;
      for (const other of headers) other.setAttribute('aria-sort', other === header ? order : 'none');
      const sign = order === 'ascending' ? 1 : -1;
      const key = (row) => isText ? row.cells[0].dataset.name : row.cells[column].dataset.value;
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        if (isText) return sign * compareText(x, y);
        if (x === '' || y === '') return (x === '') - (y === '');
        return sign * (x - y);
      });
      body.append(...rows);
    });
  });
}

const search = find('#class-search');
search.addEventListener('input', () => {
  const wanted = search.value.trim().toLowerCase();
  for (const row of find('#classes tbody').rows) {
    row.hidden = !row.cells[0].dataset.name.toLowerCase().includes(wanted);
  }
});

// Curves: all classes together, and one class over them.
const curveClass = find('#curve-class');
const showCurve = () => {
  for (const part of all('#curves [data-curve]')) {
    const { curve } = part.dataset;
    part.toggleAttribute('hidden', curve !== '0' && curve !== curveClass.value);
  }
};
curveClass.addEventListener('change', showCurve);
showCurve();

// Examples.
const filters = find('#filters');
const cards = all('#cards > .card');
const list = find('#cards');
const more = find('#more');
const PAGE = 24;
let limit = PAGE;
let shown = cards;
const orders = {
  rank: (a, b) => a.dataset.rank - b.dataset.rank,
  score: (a, b) => (b.dataset.score || -1) - (a.dataset.score || -1),
  size: (a, b) => b.dataset.size - a.dataset.size,
  class: (a, b) => compareText(find('b', a).textContent, find('b', b).textContent),
  photo: (a, b) => compareText(a.dataset.photo, b.dataset.photo),
};
const applyFilters = () => {
  const types = new Set(all('[name=type]:checked', filters).map((box) => box.value));
  const wanted = filters.elements.class.value;
  const order = orders[filters.elements.order.value];
  shown = cards
    .filter((card) => types.has(card.dataset.type)
      && (wanted === '' || card.dataset.classes.split(' ').includes(wanted)))
    .sort((a, b) => order(a, b) || a.dataset.rank - b.dataset.rank);
  const visible = new Set(shown.slice(0, limit));
  for (const card of cards) card.hidden = !visible.has(card);
  list.append(...shown);
  more.hidden = shown.length <= limit;
  find('#example-count').textContent = shown.length === 0
    ? 'No example fits: choose another class or more types.'
    : shown.length + (shown.length === 1 ? ' example' : ' examples')
      + (shown.length > limit ? ', ' + limit + ' shown' : '');
};
if (filters) {
  filters.addEventListener('change', () => { limit = PAGE; applyFilters(); });
  filters.addEventListener('submit', (event) => event.preventDefault());
  more.addEventListener('click', () => {
    const next = shown[limit];
    limit += PAGE;
    applyFilters();
    find('button', next).focus();
  });
  applyFilters();
}

// A class of the table: its curve, and its examples.
for (const button of all('[data-show]')) {
  const { show } = button.dataset;
  button.disabled = false;
  button.title = 'Show its curves and examples';
  button.addEventListener('click', () => {
    const option = curveClass.options[Number(show) + 1];
    if (!option.disabled) { curveClass.selectedIndex = option.index; showCurve(); }
    if (filters) {
      const choice = filters.elements.class;
      choice.value = show;
      // Without an example of the class the choice is empty.
      if (choice.selectedIndex < 0) choice.value = '';
      limit = PAGE;
      applyFilters();
    }
    find('#curves-title').scrollIntoView();
    curveClass.focus({ preventScroll: true });
  });
}

// The dialog.
const viewer = find('#viewer');
let current = 0;
const showExample = (place) => {
  current = (place + shown.length) % shown.length;
  const card = shown[current];
  const caption = find('figcaption', card);
  find('#viewer-title').textContent = find('.type', caption).textContent + ': ' + find('b', caption).textContent;
  find('#viewer-detail').textContent = caption.children[2].textContent + ' · ' + card.dataset.photo;
  find('#viewer-place').textContent = current + 1 + ' of ' + shown.length;
  find('#viewer-picture').setAttribute('viewBox', card.dataset.view);
  find('#viewer-photo').setAttribute('href', '#photo-' + card.dataset.place);
  find('#viewer-boxes').setAttribute('href', '#boxes-' + card.dataset.place);
  find('#viewer-marks').replaceChildren(...[...find('.marks', card).children].map((box) => box.cloneNode()));
};
const showBoxes = () => {
  find('#viewer-boxes').toggleAttribute('hidden', !find('#all-boxes').checked);
};
for (const card of cards) {
  const button = find('button', card);
  button.disabled = false;
  button.addEventListener('click', () => {
    showExample(shown.indexOf(card));
    viewer.showModal();
  });
}
find('#all-boxes').addEventListener('change', showBoxes);
showBoxes();
find('#previous').addEventListener('click', () => showExample(current - 1));
find('#next').addEventListener('click', () => showExample(current + 1));
find('#close').addEventListener('click', () => viewer.close());
viewer.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowLeft') showExample(current - 1);
  if (event.key === 'ArrowRight') showExample(current + 1);
});
viewer.addEventListener('click', (event) => { if (event.target === viewer) viewer.close(); });
// Back to the card of the photo that was looked at last.
viewer.addEventListener('close', () => {
  const card = shown[current];
  if (card.hidden) { limit = current + 1; applyFilters(); }
  find('button', card).focus();
});
})();`;
