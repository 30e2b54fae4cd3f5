import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DetectorError } from '../../detectors/errors.js';
import {
  DETECTOR_PROPOSALS,
  loadDetector,
  type DetectOptions,
  type Detector,
} from '../../detectors/loadDetector.js';
import { chooseForCropping, mixScores } from '../../detectors/pipeline/detectPhoto.js';
import {
  selectiveSearch,
  type PixelImage,
  type SelectiveSearchOptions,
} from '../../proposals/index.js';
import { samples } from '../src/runCli.js';

describe('loadDetector', () => {
  let detector: Detector;
  let cat: { data: Uint8Array; width: number; height: number; channels: number };
  beforeAll(async () => {
    detector = await loadDetector({ crops: 10 });
    const { data, info } = await sharp(join(samples, 'chelsea.jpg'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    cat = { data, width: info.width, height: info.height, channels: 3 };
  });
  afterAll(() => detector.dispose());

  it.each(['shared', 'crop', 'cascade'] as const)(
    'finds the cat in %s mode',
    async (mode) => {
      const found = await detector.detect(cat, { mode, maxProposals: 60 });
      expect(found[0]).toMatchObject({ className: 'cat', classId: 17 });
      // It fills most of the photo; crops may hold its face for the better cat.
      const areas = found.slice(0, 5).map(({ className, box: [x1, y1, x2, y2] }) => {
        expect(x1 >= 0 && y1 >= 0 && x2 <= cat.width && y2 <= cat.height).toBe(true);
        return className === 'cat' ? (x2 - x1) * (y2 - y1) : 0;
      });
      expect(Math.max(...areas)).toBeGreaterThan(0.4 * cat.width * cat.height);
    },
  );

  it('takes undefined for not given', async () => {
    const options = {
      mode: 'shared',
      proposals: Float32Array.of(0, 0, 400, 300),
    } as const;
    const nothing = {
      scoreThreshold: undefined,
      maxDetections: undefined,
      nms: undefined,
    };
    const found = await detector.detect(cat, { ...options, ...nothing });
    expect(found.length).toBeGreaterThan(0);
    expect(found).toEqual(await detector.detect(cat, options));
  });

  it('can be disposed of twice, and says so when it is used afterwards', async () => {
    const other = await loadDetector({ mode: 'shared' });
    await other.dispose();
    await other.dispose();
    await expect(other.detect(cat)).rejects.toThrow(/disposed/);
  });

  it('says the same twice, and the same of grey as of equal RGB', async () => {
    const options = {
      mode: 'shared',
      proposals: Float32Array.of(0, 0, 400, 300, 50, 20, 300, 290),
    } as const;
    const once = await detector.detect(cat, options);
    expect(await detector.detect(cat, options)).toEqual(once);
    const grey = new Uint8Array(cat.width * cat.height).map((_, i) => cat.data[3 * i]);
    const rgb = new Uint8Array(3 * grey.length).map((_, i) => grey[Math.floor(i / 3)]);
    const asRgb = await detector.detect({ ...cat, data: rgb }, options);
    expect(await detector.detect({ ...cat, data: grey, channels: 1 }, options)).toEqual(
      asRgb,
    );
  });

  it('scores given boxes where they are, its own also where regression has moved them', async () => {
    const options = { mode: 'shared', maxProposals: 40 } as const;
    const own = await detector.detectDetailed(cat, options);
    const { proposals } = own;
    const boxesOf = async (more: DetectOptions) =>
      (await detector.detectDetailed(cat, { ...options, proposals, ...more })).scored;
    const once = await boxesOf({});
    expect(await boxesOf({ passes: 1 })).toEqual(once);
    expect(await boxesOf({ passes: 2 })).toEqual(own.scored);
    // The second pass by hand: no box here is thinner than a pixel.
    const again = await boxesOf({ proposals: once.boxes });
    expect(own.scored.boxes).toEqual(again.boxes);
    own.scored.probabilities.forEach((p, i) =>
      expect(p).toBeCloseTo(
        Math.sqrt(once.probabilities[i] * again.probabilities[i]),
        6,
      ),
    );
  });

  it('takes the runs of a mode that is asked for, or those that are', async () => {
    const proposalsOf = async (proposalOptions: DetectOptions['proposalOptions']) =>
      (await detector.detectDetailed(cat, { mode: 'shared', proposalOptions }))
        .proposals;
    const common = { workingSize: 300, minSize: 300 };
    const searched = (options: SelectiveSearchOptions) =>
      selectiveSearch(cat as PixelImage, { ...common, ...options }).boxes;
    const strategies = [
      { colourSpaces: ['grey'], k: [80], similarities: ['S'] },
    ] as const;
    expect(await proposalsOf({ mode: 'fast' })).toEqual(searched({ mode: 'fast' }));
    expect(await proposalsOf({ strategies })).toEqual(
      searched({ mode: 'custom', strategies }),
    );
    expect(await proposalsOf({})).toEqual(searched(DETECTOR_PROPOSALS));
  });

  it('averages boxes that vote by default where soft suppression is on, in shared mode', async () => {
    const find = (more: DetectOptions) =>
      detector.detect(cat, { mode: 'shared', maxProposals: 60, ...more });
    expect(await find({})).toEqual(await find({ boxVoting: 0.6 }));
    expect(await find({})).not.toEqual(await find({ boxVoting: 0 }));
    expect(await find({ nms: 'hard' })).toEqual(
      await find({ nms: 'hard', boxVoting: 0 }),
    );
  });

  it('clips proposals to the photo and leaves empty ones out', async () => {
    const proposals = Float32Array.of(
      -50,
      -50,
      1e4,
      1e4,
      10,
      10,
      10,
      50,
      600,
      0,
      700,
      50,
      NaN,
      0,
      1,
      1,
    );
    const { proposals: used, detections } = await detector.detectDetailed(cat, {
      mode: 'crop',
      proposals,
    });
    expect([...used]).toEqual([0, 0, cat.width, cat.height]);
    expect(detections[0].className).toBe('cat');
    const none = await detector.detectDetailed(cat, { proposals: new Float32Array(0) });
    expect(none.detections).toEqual([]);
  });

  it.each([
    [1, 1],
    [1, 400],
    [400, 1],
  ])('survives a photo of %i×%i pixels', async (width, height) => {
    const data = new Uint8Array(3 * width * height).map((_, i) => (i * 37) % 256);
    const found = await detector.detect({ data, width, height, channels: 3 });
    for (const { box, score } of found) {
      expect(box.every(Number.isFinite)).toBe(true);
      expect(score).toBeGreaterThan(0);
    }
  });

  it.each<DetectOptions>([
    { mode: 'magic' as 'crop' },
    { nms: 'none' as 'hard' },
    { scoreThreshold: -1 },
    { crops: 0 },
    { passes: 0 },
    { passes: 1.5 },
    { maxProposals: 2.5 },
    { softSigma: 0 },
    { proposals: [[0, 0, 9, 9]] as unknown as Float32Array },
    { proposals: new Float32Array(6) },
    { classes: 'cat' as unknown as string[] },
    { classes: ['unicorn'] },
    { classThresholds: { cat: 2 } },
    { classThresholds: { unicorn: 0.5 } },
  ])('refuses %j', async (options) => {
    const error: unknown = await detector.detect(cat, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DetectorError);
    expect((error as DetectorError).code).toBe('INVALID_ARGUMENT');
  });

  it('names a model file that is not there', async () => {
    await expect(loadDetector({ model: '/nowhere.safetensors' })).rejects.toThrow(
      /\/nowhere\.safetensors: .*ENOENT/,
    );
  });
});

describe('cascade', () => {
  const scored = {
    boxes: Float32Array.of(0, 0, 10, 10, 0, 0, 10, 9, 30, 30, 40, 40),
    probabilities: Float32Array.of(0.5, 0.5, 0.2, 0.8, 0.4, 0.6),
  };

  it('crops the boxes least likely to be background, without near-duplicates', () => {
    const { boxes, probabilities } = chooseForCropping(scored, 2, 5, 0.7);
    expect([...boxes]).toEqual([0, 0, 10, 9, 30, 30, 40, 40]);
    expect([...probabilities]).toEqual([...Float32Array.of(0.2, 0.8, 0.4, 0.6)]);
    expect(chooseForCropping(scored, 2, 1, 0.7).boxes).toHaveLength(4);
  });

  it('mixes by either mean', () => {
    const cropped = {
      boxes: scored.boxes.map((x) => x + 1),
      probabilities: Float32Array.of(0.1, 0.9, 0.1, 0.9, 0.1, 0.9),
    };
    const mix = (cropMixing: 'geometric' | 'arithmetic', cropWeight: number) =>
      mixScores(scored, cropped, { cropMixing, cropWeight, cropBoxWeight: 0.25 });
    expect(mix('arithmetic', 0.5).probabilities[0]).toBeCloseTo(0.3, 6);
    expect(mix('geometric', 0.5).probabilities[0]).toBeCloseTo(Math.sqrt(0.05), 6);
    expect(mix('geometric', 0.25).probabilities[3]).toBeCloseTo(
      0.8 ** 0.75 * 0.9 ** 0.25,
      6,
    );
    expect(mix('geometric', 0.5).boxes[2]).toBeCloseTo(10.25, 5);
  });
});
