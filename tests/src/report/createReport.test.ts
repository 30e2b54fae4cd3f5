import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { reportCommand } from '../../../src/commands/report.js';
import { createReport, prepareReport, reportParts } from '../../../src/report/index.js';
import { temporaryFolder } from '../runCli.js';
import { HOSTILE, toyDetections, toyPhotos, toySet } from './toySet.js';

const report = () => prepareReport(toySet, toyDetections, { title: HOSTILE.title });

it('allows its own style and script by their hashes, and nothing else', () => {
  const html = createReport(report());
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1];
  const hashes = [/<style>([^]*?)<\/style>/, /<script>([^]*?)<\/script>/].map(
    (pattern) => createHash('sha256').update(pattern.exec(html)![1]).digest('base64'),
  );
  const rules = policy.replaceAll('&#39;', "'").split('; ');
  expect(rules).toContain("default-src 'none'");
  expect(rules).toContain(`style-src 'sha256-${hashes[0]}'`);
  expect(rules).toContain(`script-src 'sha256-${hashes[1]}'`);
  expect(policy).not.toMatch(/unsafe|http|\*/);
  // One script, one style, no style attribute or handler that the policy would refuse.
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html.match(/<style/g)).toHaveLength(1);
  const tags = html.slice(0, html.indexOf('<script>')).replace(/"[^"]*"/g, '""');
  expect(tags).not.toMatch(/<[^<>]* (style|on\w+)=/);
  expect(html).not.toMatch(/(src|href)="(?!#|data:)/);
});

it('is the same text for the same data, whole or in parts, and keeps names as text', () => {
  const html = createReport(report());
  expect(createReport(report())).toBe(html);
  expect([...reportParts(report())].join('')).toBe(html);
  for (const text of Object.values(HOSTILE)) {
    expect(html).not.toContain(text);
    expect(html).toContain(
      text.replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    );
  }
});

it('writes n/a where there is nothing to measure by', () => {
  const html = createReport(report());
  const row = /data-name="unseen"[^]*?<\/tr>/.exec(html)![0];
  expect(row).toContain('data-value="0">0<');
  expect(row.match(/n\/a/g)).toHaveLength(5);
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
});

it.each(['coco', 'voc2007', 'ilsvrc'] as const)(
  'stands empty input by %s',
  (protocol) => {
    const html = createReport(
      prepareReport({ images: [], annotations: [], categories: [] }, [], { protocol }),
    );
    expect(html).toContain('There is no error to show');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  },
);

it('is written by the command, with photos, and says what it wrote', async () => {
  const images = await toyPhotos();
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  writeFileSync(file('a.json'), JSON.stringify(toySet));
  writeFileSync(file('d.json'), JSON.stringify(toyDetections));
  const said: string[] = [];
  const spy = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => said.push(String(text)) > 0);
  try {
    await reportCommand().parseAsync(
      `-a ${file('a.json')} -d ${file('d.json')} -i ${images} -o ${file('new/report.html')} --protocol voc2010 --threshold 0.5`.split(
        ' ',
      ),
      { from: 'user' },
    );
  } finally {
    spy.mockRestore();
  }
  expect(said.join('')).toMatch(
    /^mAP [\d.]+, 9 examples in 4 photos\nreport .*report\.html\n$/,
  );
  const html = readFileSync(file('new/report.html'), 'utf8');
  expect(html).toContain('Pascal VOC 2010');
  expect(html.match(/<image id="photo-\d+" href="data:image\/jpeg/g)).toHaveLength(4);
});
