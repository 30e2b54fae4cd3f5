import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { addPictures, createReport, prepareReport } from '../../src/report/index.js';
import { HOSTILE, toyDetections, toyPhotos, toySet } from '../src/report/toySet.js';
import { temporaryFolder } from '../src/runCli.js';
import { describeBrowser, launchChromium } from './chromium.js';

describeBrowser('the report in a browser', () => {
  let browser: Browser;
  let url: string;
  let problems: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    const measured = prepareReport(toySet, toyDetections, {
      title: HOSTILE.title,
      scoreThreshold: 0.5,
      groundTruthName: HOSTILE.file,
    });
    const data = await addPictures(measured, await toyPhotos());
    const file = join(temporaryFolder(), 'report.html');
    writeFileSync(file, createReport(data));
    url = pathToFileURL(file).href;
    browser = await launchChromium();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(problems).toEqual([]);
  });
  afterAll(() => browser?.close());

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    problems = [];
    const page = await (await browser.newContext(options)).newPage();
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    return page;
  }
  /** Texts of elements, or of one of their attributes. */
  const texts = (page: Page, selector: string) =>
    page.locator(selector).allInnerTexts();
  /** What an expression says of each element; text, for the tests know no DOM types. */
  const ofAll = (page: Page, selector: string, expression: string) =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => ${expression})`,
    );
  const visibleTypes = (page: Page) =>
    ofAll(page, '#cards > .card:not([hidden])', 'one.dataset.type');

  it('opens from a file without the network, and hostile names stay text', async () => {
    const page = await open();
    expect(
      requests.every((one) => one.startsWith('file:') || one.startsWith('data:')),
    ).toBe(true);
    expect(await page.locator('h1').innerText()).toBe(HOSTILE.title);
    expect(await page.title()).toBe(HOSTILE.title);
    expect(await texts(page, '#classes tbody th')).toEqual(
      toySet.categories.map(({ name }) => name),
    );
    expect(await texts(page, '.card .file')).toContain(HOSTILE.file);
    expect(await texts(page, '#filters [name=class] option')).toContain(HOSTILE.option);
    expect(await page.locator('img, iframe, object, embed').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(1);
    // Every kind of name passes through the dialog too.
    await page.locator('.card button').first().click();
    for (let i = 0; i < 9; i++) await page.locator('#next').click();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  });

  it('refuses scripts, styles and pictures that are not its own', async () => {
    const page = await open();
    const refused = await page.evaluate<string[]>(`new Promise((done) => {
      const seen = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        seen.push(event.effectiveDirective);
        if (seen.length === 3) done(seen.sort());
      });
      const style = document.createElement('style');
      style.textContent = 'body{display:none}';
      document.head.append(style);
      const image = document.createElement('img');
      image.src = 'http://127.0.0.1:9/x.png';
      document.body.append(image);
      try { document.body.innerHTML += '<p onclick="hacked=1">'; } catch {}
    })`);
    expect(refused).toEqual(['img-src', 'require-trusted-types-for', 'style-src-elem']);
    problems = [];
  });

  it('shows the photos, with boxes on them', async () => {
    const page = await open();
    const picture = page.locator('.card[data-type=duplicate] .picture');
    await picture.scrollIntoViewIfNeeded();
    const { data, info } = await sharp(await picture.screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const counts = { red: 0, blue: 0, green: 0 };
    for (let i = 0; i < data.length; i += info.channels) {
      const [r, g, b] = data.subarray(i, i + 3);
      if (r > 180 && g < 80 && b < 80) counts.red++;
      if (b > 150 && r < 80 && g < 100) counts.blue++;
      if (g > 200 && r < 170 && b < 190) counts.green++;
    }
    const all = info.width * info.height;
    // The cat is 100 of 222 by 100 of 167 pixels of the frame: 27 %.
    expect(counts.red / all).toBeGreaterThan(0.2);
    expect(counts.red / all).toBeLessThan(0.3);
    expect(counts.blue / all).toBeGreaterThan(0.5);
    expect(counts.green).toBeGreaterThan(100);
  });

  it('sorts the classes by mouse and by keyboard, n/a last', async () => {
    const page = await open();
    const names = () => texts(page, '#classes tbody th');
    const values = async (column: number) =>
      texts(page, `#classes tbody td:nth-child(${column + 1})`);
    const header = page.locator('#classes thead th', { hasText: 'best F1' });
    const column = 8;
    await header.locator('button').click();
    const down = (await values(column)).map(Number);
    expect(down.at(-1)).toBeNaN();
    expect(down.slice(0, -1)).toEqual(down.slice(0, -1).toSorted((a, b) => b - a));
    expect(new Set(down).size).toBeGreaterThan(2);
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    expect((await names()).at(-1)).toBe('unseen');

    await header.locator('button').focus();
    await page.keyboard.press('Enter');
    const up = (await values(column)).map(Number);
    expect(up.slice(0, -1)).toEqual(down.slice(0, -1).toReversed());
    expect(up.at(-1)).toBeNaN();
    expect(await header.getAttribute('aria-sort')).toBe('ascending');

    await page.locator('#classes thead button', { hasText: 'class' }).press('Space');
    const plain = (await names()).filter((name) => /^\w+$/.test(name));
    expect(plain).toEqual(['cat', 'dog', 'unseen']);
    expect(await header.getAttribute('aria-sort')).toBe('none');

    await page.locator('#class-search').fill('DOG');
    expect(await page.locator('#classes tbody tr:visible').count()).toBe(1);
  });

  it('filters and orders the examples by mouse and by keyboard', async () => {
    const page = await open();
    const status = page.locator('#example-count');
    expect(await status.innerText()).toBe('9 examples');
    await page.locator('.chip', { hasText: 'Missed' }).click();
    expect(await visibleTypes(page)).not.toContain('missed');
    expect(await status.innerText()).toBe('6 examples');
    await page.locator('[name=type][value=missed]').focus();
    await page.keyboard.press('Space');
    expect(await status.innerText()).toBe('9 examples');

    await page.locator('[name=class]').selectOption({ label: 'cat' });
    // By hand: duplicate, dog called cat, both, background, and the missed cat.
    expect((await visibleTypes(page)).toSorted()).toEqual([
      'background',
      'both',
      'classification',
      'duplicate',
      'missed',
    ]);
    await page.locator('[name=class]').focus();
    await page.keyboard.press('Home');
    expect(await status.innerText()).toBe('9 examples');

    await page.locator('[name=order]').selectOption('score');
    expect(
      (await texts(page, '.card b')).slice(0, 5).map((text) => text.slice(-4)),
    ).toEqual(['0.90', '0.85', '0.80', '0.75', '0.70']);
    await page.locator('[name=order]').selectOption('photo');
    expect(await texts(page, '.card .file')).toEqual(
      (await texts(page, '.card .file')).toSorted(
        new Intl.Collator('en', { numeric: true }).compare,
      ),
    );
    for (const box of await page.locator('[name=type]').all()) await box.uncheck();
    expect(await status.innerText()).toMatch(/No example fits/);
    expect(await visibleTypes(page)).toEqual([]);
  });

  it('opens a whole photo by keyboard, walks on, and gives the focus back', async () => {
    const page = await open();
    const cards = page.locator('.card button');
    await cards.first().focus();
    await page.keyboard.press('Enter');
    const viewer = page.locator('#viewer');
    expect(await viewer.isVisible()).toBe(true);
    const title = page.locator('#viewer-title');
    const first = await title.innerText();
    expect(first).toBe('Wrong class: cat 0.85');
    expect(await page.locator('#viewer-marks rect').count()).toBe(4);
    expect(await page.locator('#viewer-picture').getAttribute('viewBox')).toBe(
      '0 0 400 300',
    );
    await page.keyboard.press('ArrowRight');
    expect(await title.innerText()).not.toBe(first);
    expect(await page.locator('#viewer-place').innerText()).toBe('2 of 9');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('#viewer-place').innerText()).toBe('9 of 9');
    await page.locator('#all-boxes').check();
    expect(await page.locator('#viewer-boxes').getAttribute('hidden')).toBeNull();
    await page.keyboard.press('Escape');
    expect(await viewer.isVisible()).toBe(false);
    // The page moves the focus once the browser has told it that the viewer is closed.
    await expect
      .poll(() => ofAll(page, '.card button', 'one.matches(":focus")'))
      .toEqual(Array.from({ length: 9 }, (_, i) => i === 8));
  });

  it('lays the curve of a class over that of all, from the list and from the table', async () => {
    const page = await open();
    const shown = () =>
      ofAll(page, '#curves .legend li:not([hidden]) b', 'one.textContent');
    expect(await shown()).toEqual(['all classes']);
    await page.locator('#curve-class').selectOption({ label: 'dog' });
    expect(await shown()).toEqual(['all classes', 'dog']);
    expect(await page.locator('.curve:visible').count()).toBe(4);
    await page.locator('#classes .link', { hasText: 'cat' }).press('Enter');
    expect(await shown()).toEqual(['all classes', 'cat']);
    expect(await visibleTypes(page)).toHaveLength(5);
  });

  it('fits a phone: the page does not scroll sideways, controls are large enough', async () => {
    for (const width of [320, 375]) {
      const page = await open({
        viewport: { width, height: 700 },
        isMobile: true,
        hasTouch: true,
      });
      const measure = () =>
        page.evaluate<number>('document.documentElement.scrollWidth');
      expect(await measure()).toBe(width);
      for (const control of await page
        .locator('.controls select:visible, .chip, #class-search')
        .all()) {
        const box = (await control.boundingBox())!;
        expect(box.height).toBeGreaterThanOrEqual(36);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
      }
      await page.locator('.card button').first().tap();
      const dialog = (await page.locator('#viewer').boundingBox())!;
      expect(dialog.x).toBeGreaterThanOrEqual(0);
      expect(dialog.x + dialog.width).toBeLessThanOrEqual(width);
    }
  });

  it.each(['light', 'dark'] as const)(
    'has enough contrast in %s',
    async (colorScheme) => {
      const page = await open({ colorScheme });
      const [ground, low] = await page.evaluate<[number, string[]]>(`(() => {
      const channels = (color) => {
        const numbers = color.match(/[\\d.]+/g).map(Number);
        const scale = color.startsWith('color') ? 1 : 255;
        return [...numbers.slice(0, 3).map((n) => n / scale), numbers[3] ?? 1];
      };
      const luminance = (color) => color.slice(0, 3)
        .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const under = (element) => {
        const own = channels(getComputedStyle(element).backgroundColor);
        if (own[3] === 1 || !element.parentElement) return own;
        const below = under(element.parentElement);
        return [0, 1, 2].map((i) => own[i] * own[3] + below[i] * (1 - own[3])).concat(1);
      };
      // Every shade of the matrix, whether the data have it or not.
      for (let shade = 0; shade < 10; shade++) {
        const cell = document.createElement('p');
        cell.className = 'h' + shade;
        cell.textContent = 'shade ' + shade;
        document.querySelector('.panel').append(cell);
      }
      const low = [];
      for (const element of document.querySelectorAll('body *:not(svg *):not(script):not(option)')) {
        const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!hasText || !element.checkVisibility()) continue;
        const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(under(element))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) low.push(element.textContent.slice(0, 40) + ': ' + contrast.toFixed(2));
      }
      return [luminance(under(document.body)), low];
    })()`);
      expect(low).toEqual([]);
      if (colorScheme === 'dark') expect(ground).toBeLessThan(0.05);
      else expect(ground).toBeGreaterThan(0.8);
    },
  );

  it('names its tables, regions and controls', async () => {
    const page = await open();
    const missing = await page.evaluate<string[]>(`(() => {
      const bad = [];
      for (const table of document.querySelectorAll('table')) if (!table.caption) bad.push('table');
      for (const one of document.querySelectorAll('select, input')) if (one.labels.length === 0) bad.push(one.outerHTML);
      for (const one of document.querySelectorAll('button')) if (!(one.ariaLabel || one.textContent.trim())) bad.push(one.outerHTML);
      for (const one of document.querySelectorAll('section')) if (!document.getElementById(one.getAttribute('aria-labelledby'))) bad.push(one.id);
      for (const one of document.querySelectorAll('.scroll')) if (one.tabIndex !== 0 || !one.ariaLabel) bad.push('region');
      const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
      if (new Set(ids).size !== ids.length) bad.push('id twice');
      return bad;
    })()`);
    expect(missing).toEqual([]);
    const levels = await ofAll(page, 'h1, h3, h4', 'one.tagName');
    expect(levels).toEqual(['H1']);
    // The focus is seen.
    await page.keyboard.press('Tab');
    const outline = await page.evaluate<string>(
      'getComputedStyle(document.activeElement).outlineStyle',
    );
    expect(outline).not.toBe('none');
  });

  it('opens without anything to show', async () => {
    const full = url;
    const file = join(temporaryFolder(), 'empty.html');
    writeFileSync(
      file,
      createReport(prepareReport({ images: [], annotations: [], categories: [] }, [])),
    );
    url = pathToFileURL(file).href;
    const page = await open();
    url = full;
    expect(await page.locator('#examples').innerText()).toContain('no error to show');
    await page.locator('#class-search').fill('x');
  });

  it('prints, and is whole without its script', async () => {
    const page = await open({ javaScriptEnabled: false });
    expect(await page.locator('.card:visible').count()).toBe(9);
    expect(await page.locator('.controls:visible').count()).toBe(0);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const [background] = await ofAll(
      page,
      'body',
      'getComputedStyle(one).backgroundColor',
    );
    expect(background).toBe('rgb(255, 255, 255)');
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
  });
});
