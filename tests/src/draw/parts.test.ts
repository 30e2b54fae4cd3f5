import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Box } from '../../../geometry/index.js';
import { createCanvas, fillRectangle, inkMask } from '../../../src/draw/canvas.js';
import { classColour, inkOn } from '../../../src/draw/colours.js';
import { placeLabels } from '../../../src/draw/placeLabels.js';
import { lineHeight, renderText } from '../../../src/draw/renderText.js';
import { textWidth } from '../../../src/draw/labelFont.js';

describe('colours', () => {
  const classes = Array.from({ length: 200 }, (_, i) => `class ${i}`);

  test('no two of a table’s classes share a colour, and eighty can be told apart', () => {
    const all = classes.map((name) => classColour(name, classes).join());
    expect(new Set(all).size).toBe(classes.length);
    const coco = classes.slice(0, 80).map((name) => classColour(name, classes));
    let nearest = Infinity;
    for (let i = 0; i < coco.length; i++) {
      for (let j = 0; j < i; j++) {
        nearest = Math.min(
          nearest,
          Math.hypot(...coco[i].map((v, c) => v - coco[j][c])),
        );
      }
    }
    expect(nearest).toBeGreaterThan(7);
  });

  test('a class’s colour doesn’t depend on what else is there', () => {
    expect(classColour('dog')).toEqual(classColour('dog'));
    expect(classColour('dog', ['cat', 'dog'])).toEqual(
      classColour('dog', ['bird', 'dog', 'x']),
    );
  });

  test('ink on any class colour has a contrast of 4.5 (WCAG AA)', () => {
    const linear = (v: number) =>
      v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = (c: readonly number[]) =>
      0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
    fc.assert(
      fc.property(fc.string(), (name) => {
        const colour = classColour(name);
        const pair = [luminance(colour), luminance(inkOn(colour))].sort(
          (a, b) => a - b,
        );
        expect((pair[1] + 0.05) / (pair[0] + 0.05)).toBeGreaterThan(4.5);
        for (const v of colour) {
          expect(Number.isInteger(v) && v >= 0 && v <= 255).toBe(true);
        }
      }),
    );
  });
});

describe('placeLabels', () => {
  const box: Box = [50, 50, 150, 120];
  const place = (...boxes: Box[]) =>
    placeLabels(
      boxes.map((b) => ({ box: b, width: 40, height: 10 })),
      200,
      150,
    );

  test('above the box at its left, else inside it', () => {
    expect(place(box)).toEqual([[50, 40, 90, 50]]);
    expect(place([50, 9, 150, 120])).toEqual([[50, 9, 90, 19]]);
    expect(place([190, 50, 200, 60])).toEqual([[160, 40, 200, 50]]);
  });

  test('is within the photo, and like boxes get labels that are apart', () => {
    const corner = fc.tuple(fc.nat(199), fc.nat(149));
    const anyBox = fc.tuple(corner, corner).map(([a, b]): Box => {
      const [x1, x2] = [a[0], b[0]].sort((p, q) => p - q);
      const [y1, y2] = [a[1], b[1]].sort((p, q) => p - q);
      return [x1, y1, x2 + 1, y2 + 1];
    });
    fc.assert(
      fc.property(fc.array(anyBox, { maxLength: 12 }), (boxes) => {
        for (const [x1, y1, x2, y2] of place(...boxes)) {
          expect([x2 - x1, y2 - y1]).toEqual([40, 10]);
          expect(x1 >= 0 && y1 >= 0 && x2 <= 200 && y2 <= 150).toBe(true);
        }
      }),
    );
    const labels = place(box, box, box, box, box, box, box, box);
    labels.forEach((a, i) =>
      labels.slice(0, i).forEach((b) => {
        const isApart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
        expect(isApart).toBe(true);
      }),
    );
  });

  test('a label larger than the photo starts at its edge', () => {
    const [label] = placeLabels([{ box, width: 400, height: 300 }], 200, 150);
    expect(label).toEqual([0, 0, 400, 300]);
  });
});

describe('renderText', () => {
  /** First and last row or column with ink. */
  async function extent(text: string, size: number) {
    const { data, width, height } = await renderText(text, size);
    expect(data.length).toBe(width * height);
    const inked = [...data.keys()].filter((i) => data[i] > 127);
    const rows = inked.map((i) => Math.floor(i / width));
    const columns = inked.map((i) => i % width);
    return {
      top: Math.min(...rows),
      bottom: Math.max(...rows) + 1,
      left: Math.min(...columns),
      right: Math.max(...columns) + 1,
    };
  }

  // DejaVu Sans Bold, in units of 2048 an em: capitals are 1493 high, I is 762
  // wide with its stem from 188 to 573, p goes down to -426.
  test('has the font’s own measures', async () => {
    const size = 100;
    const baseline = 80;
    expect(textWidth('I', 2048)).toBe(762);
    const capital = await extent('I', size);
    expect(capital.bottom).toBe(baseline);
    expect(capital.top).toBeCloseTo(baseline - 72.9, -0.5);
    expect(capital.left).toBeCloseTo((188 / 2048) * size, -0.5);
    expect(capital.right).toBeCloseTo((573 / 2048) * size, -0.5);
    expect((await extent('p', size)).bottom).toBeCloseTo(baseline + 20.8, -0.5);
    const second = await extent('II', size);
    expect(second.right - capital.right).toBeCloseTo((762 / 2048) * size, -0.5);
  });

  test('all texts of a size have its height and fit into their masks', async () => {
    for (const text of ['a', 'Åg', '犬', 'كلب', '<&>']) {
      expect((await renderText(text, 14)).height).toBe(lineHeight(14));
      const { right } = await extent(text, 14);
      expect(right).toBeGreaterThan(4);
    }
  });

  test('markup and entities are drawn as they are written', async () => {
    // The last character has Pango draw it, which reads markup.
    const plain = await renderText('<b>x</b>犬', 20);
    const bare = await renderText('x犬', 20);
    expect(plain.width).toBeGreaterThan(bare.width + 40);
  });
});

describe('canvas', () => {
  test('what lies outside is left out', () => {
    const canvas = createCanvas({
      data: new Uint8Array(3 * 4 * 3),
      width: 4,
      height: 3,
      channels: 3,
    });
    fillRectangle(canvas, -5, 1, 2, 99, [10, 20, 30]);
    inkMask(
      canvas,
      { data: new Uint8Array(25).fill(255), width: 5, height: 5 },
      3,
      -3,
      [1, 2, 3],
    );
    const reds = Array.from({ length: 12 }, (_, i) => canvas.data[3 * i]);
    expect(reds).toEqual([0, 0, 0, 1, 10, 10, 0, 1, 10, 10, 0, 0]);
  });

  test('opacity mixes', () => {
    const data = new Uint8Array(3).fill(100);
    const canvas = createCanvas({ data, width: 1, height: 1, channels: 3 });
    fillRectangle(canvas, 0, 0, 1, 1, [200, 0, 100], 0.25);
    expect([...canvas.data]).toEqual([125, 75, 100]);
  });
});
