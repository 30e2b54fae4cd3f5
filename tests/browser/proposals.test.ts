import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { Browser } from 'playwright-core';
import { build, type Rollup } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selectiveSearch } from '../../proposals/index.js';
import { samples } from '../src/runCli.js';
import { describeBrowser, launchChromium } from './chromium.js';

describeBrowser('the built proposals in a browser', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    const entry = fileURLToPath(
      new URL('../../dist/proposals/index.js', import.meta.url),
    );
    const built = (await build({
      configFile: false,
      logLevel: 'error',
      build: { lib: { entry, formats: ['es'], fileName: 'proposals' }, write: false },
    })) as Rollup.RollupOutput[];
    const { code } = built[0].output[0];
    const worker = `
      import { selectiveSearch } from '/proposals.js';
      onmessage = ({ data }) => {
        const { boxes, scores } = selectiveSearch(data.image, data.options);
        postMessage({ boxes: [...boxes], scores: [...scores] });
      };`;
    const main = `
      import { selectiveSearch } from '/proposals.js';
      const plain = ({ boxes, scores }) => ({ boxes: [...boxes], scores: [...scores] });
      window.search = async ({ image, pixels, options }) => {
        // Pixels as a canvas gives them.
        const data = Uint8ClampedArray.from(atob(pixels), (c) => c.charCodeAt(0));
        const page = plain(selectiveSearch({ ...image, data }, options));
        const worker = new Worker('/worker.js', { type: 'module' });
        const fromWorker = await new Promise((done, fail) => {
          worker.onmessage = ({ data }) => done(data);
          worker.onerror = ({ message }) => fail(new Error(message));
          worker.postMessage({ image: { ...image, data }, options });
        });
        return { page, worker: fromWorker };
      };`;
    const pages: Record<string, [string, string]> = {
      '/': [
        'text/html',
        '<!doctype html><title>proposals</title><link rel=icon href=data:,><script type=module src=/main.js></script>',
      ],
      '/proposals.js': ['text/javascript', code],
      '/main.js': ['text/javascript', main],
      '/worker.js': ['text/javascript', worker],
    };
    server = createServer((request, response) => {
      const [type, body] = pages[request.url ?? ''] ?? ['text/plain', ''];
      response.writeHead(body ? 200 : 404, { 'content-type': type }).end(body);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it('gives what Node.js gives, on the page and in a worker', async () => {
    const { data, info } = await sharp(join(samples, 'chelsea.jpg'))
      .resize(160)
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const image = { width: info.width, height: info.height, channels: 4 as const };
    const options = { mode: 'fast', maxBoxes: 200 } as const;
    const expected = selectiveSearch({ ...image, data }, options);

    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(origin);
    const input = { image, pixels: data.toString('base64'), options };
    const results = await page.evaluate<{ page: unknown; worker: unknown }>(
      `search(${JSON.stringify(input)})`,
    );
    expect(problems).toEqual([]);
    const wanted = { boxes: [...expected.boxes], scores: [...expected.scores] };
    expect(wanted.boxes.length).toBeGreaterThan(100);
    expect(results.page).toEqual(wanted);
    expect(results.worker).toEqual(wanted);
  });
});
