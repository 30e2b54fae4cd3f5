import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate, type CocoDataset, type CocoDetection } from '../../../eval/index.js';
import { readJson, runCli, samples, temporaryFolder } from '../runCli.js';

/** The quickest mode, for what does not depend on it. */
const SHARED = ['--mode', 'shared'];

interface ImagesFile {
  info: { coordinates: string };
  images: { id: number; file_name: string; width: number; height: number }[];
  categories: { id: number; name: string }[];
}
interface Failure {
  file: string;
  code: string;
  reason: string;
}

let photos: string;
/** Two folders with a photo of the same name, and files that are none. */
beforeAll(() => {
  photos = temporaryFolder();
  const put = (from: string, to: string) => {
    mkdirSync(dirname(join(photos, to)), { recursive: true });
    copyFileSync(join(samples, from), join(photos, to));
  };
  put('chelsea.jpg', 'a/IMG_1.jpg');
  put('astronaut.jpg', 'b/IMG_1.jpg');
  put('coffee.jpg', 'c.JPG');
  writeFileSync(join(photos, '.DS_Store'), 'x');
  writeFileSync(join(photos, 'Thumbs.db'), 'x');
  writeFileSync(join(photos, 'notes.txt'), 'x');
});

const resultFiles = (folder: string) =>
  ['detections.json', 'images.json', 'failures.json', 'detections.csv'].map((name) =>
    readFileSync(join(folder, name), 'utf8'),
  );

describe('rcnn detect', () => {
  it('leaves the same results with one worker and two, with names relative to the folder', async () => {
    const one = temporaryFolder();
    const two = temporaryFolder();
    const first = await runCli(['detect', photos, '-o', one, '-w', '1', ...SHARED]);
    expect(first.stderr + first.stdout).toContain('3 photos');
    expect(first.code).toBe(0);
    expect(
      (await runCli(['detect', photos, '-o', two, '-w', '2', ...SHARED])).code,
    ).toBe(0);
    expect(resultFiles(two)).toEqual(resultFiles(one));

    const { images, info, categories } = readJson<ImagesFile>(one, 'images.json');
    expect(images.map(({ id, file_name }) => [id, file_name])).toEqual([
      [1, 'a/IMG_1.jpg'],
      [2, 'b/IMG_1.jpg'],
      [3, 'c.JPG'],
    ]);
    expect(info.coordinates).toContain('upright');
    expect(categories).toHaveLength(80);
    const found = readJson<CocoDetection[]>(one, 'detections.json');
    const isFound = (id: number, category: number) =>
      found.some(
        ({ image_id, category_id, score }) =>
          image_id === id && category_id === category && score > 0.2,
      );
    // The cat, the astronaut, the cup.
    expect([isFound(1, 17), isFound(2, 1), isFound(3, 47)]).toEqual([true, true, true]);
    expect(readJson(one, 'failures.json')).toEqual([]);
  });

  it('writes a run.json of its published schema, that counts what was skipped', async () => {
    const output = temporaryFolder();
    await runCli(['detect', photos, '-o', output, ...SHARED]);
    const schema = readJson<object>(samples, '../schemas/run.schema.json');
    const validate = new Ajv({ allErrors: true }).compile(schema);
    const run = readJson<{ counts: object; engine: { reason: string } }>(
      output,
      'run.json',
    );
    expect(validate(run), JSON.stringify(validate.errors)).toBe(true);
    expect(run.counts).toMatchObject({ photos: 3, detected: 3, failed: 0, skipped: 3 });
    expect(run.engine.reason).not.toBe('');
  });

  it('takes the ids of the annotations, so that eval scores the results as they are', async () => {
    const output = temporaryFolder();
    const annotations: CocoDataset = {
      images: [
        { id: 900, file_name: 'a/IMG_1.jpg' },
        { id: 7, file_name: 'c.JPG' },
        { id: 8, file_name: 'b/IMG_1.jpg' },
      ],
      categories: [
        { id: 3, name: 'cat' },
        { id: 4, name: 'person' },
      ],
      annotations: [],
    };
    const file = join(output, 'annotations.json');
    writeFileSync(file, JSON.stringify(annotations));
    const run = await runCli([
      'detect',
      photos,
      '-o',
      output,
      '-a',
      file,
      '--classes',
      'cat,person',
    ]);
    expect(run.code).toBe(0);
    const found = readJson<CocoDetection[]>(output, 'detections.json');
    expect(found.find(({ image_id }) => image_id === 900)!.category_id).toBe(3);
    expect(found.find(({ image_id }) => image_id === 8)!.category_id).toBe(4);
    expect(evaluate(annotations, found).counts.unknownImage).toBe(0);
  });

  it('finds the same in all eight EXIF orientations, in upright pixels', async () => {
    const folder = temporaryFolder();
    const upright = await sharp(join(samples, 'chelsea.jpg')).png().toBuffer();
    /** Turns made one after the other: within one pipeline sharp has an order of its own. */
    const turned = async (...turns: ((image: Sharp) => Sharp)[]) => {
      let pixels = upright;
      for (const turn of turns) pixels = await turn(sharp(pixels)).png().toBuffer();
      return pixels;
    };
    const flip = (image: Sharp) => image.flip();
    const flop = (image: Sharp) => image.flop();
    const rotate = (angle: number) => (image: Sharp) => image.rotate(angle);
    // Orientation o asks a viewer for a turn; the file holds the inverse turn.
    const stored = [
      await turned(),
      await turned(flop),
      await turned(rotate(180)),
      await turned(flip),
      await turned(rotate(90), flop),
      await turned(rotate(270)),
      await turned(rotate(90), flip),
      await turned(rotate(90)),
    ];
    for (const [i, pixels] of stored.entries()) {
      await sharp(pixels)
        .withMetadata({ orientation: i + 1 })
        .png()
        .toFile(join(folder, `${i + 1}.png`));
    }
    const output = temporaryFolder();
    expect((await runCli(['detect', folder, '-o', output, ...SHARED])).code).toBe(0);
    const { images } = readJson<ImagesFile>(output, 'images.json');
    const found = readJson<CocoDetection[]>(output, 'detections.json');
    const of = (id: number) =>
      found
        .filter(({ image_id }) => image_id === id)
        .map(({ bbox, category_id, score }) => ({ bbox, category_id, score }));
    expect(of(1).length).toBeGreaterThan(0);
    for (const { id, width, height } of images) {
      expect([width, height]).toEqual([images[0].width, images[0].height]);
      expect(of(id), `orientation ${id}`).toEqual(of(1));
    }
  });

  it('records bad files, goes on, and exits with 1', async () => {
    const folder = temporaryFolder();
    copyFileSync(join(samples, 'coffee.jpg'), join(folder, 'good.jpg'));
    writeFileSync(join(folder, 'empty.jpg'), '');
    writeFileSync(join(folder, 'text.png'), 'this is no picture');
    const cut = readFileSync(join(samples, 'coffee.jpg'));
    writeFileSync(join(folder, 'cut.jpg'), cut.subarray(0, cut.length / 2));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.jpg'));
    const output = join(folder, 'out');
    const { code } = await runCli([
      'detect',
      folder,
      join(folder, 'missing.jpg'),
      '-o',
      output,
      ...SHARED,
    ]);
    expect(code).toBe(1);
    const failures = readJson<Failure[]>(output, 'failures.json');
    const codes = new Map(
      failures.map(({ file, code }) => [file.split('/').at(-1)!, code]),
    );
    expect(Object.fromEntries(codes)).toMatchObject({
      'cut.jpg': 'TRUNCATED',
      'empty.jpg': 'EMPTY_FILE',
      'missing.jpg': 'NOT_FOUND',
      'text.png': 'NOT_AN_IMAGE',
    });
    expect(
      readJson<ImagesFile>(output, 'images.json').images.map(
        ({ file_name }) => file_name,
      ),
    ).toEqual(['good.jpg']);
    // The pictures and results in the output folder are not looked at again.
    const again = await runCli([
      'detect',
      folder,
      join(folder, 'missing.jpg'),
      '-o',
      output,
      ...SHARED,
      '-d',
      '--restart',
    ]);
    expect(again.code).toBe(1);
    expect(readJson<{ counts: object }>(output, 'run.json').counts).toMatchObject({
      detected: 1,
    });
  });

  it('goes on after kill -9, to the same bytes', async () => {
    const undisturbed = temporaryFolder();
    const args = (output: string) => [
      'detect',
      photos,
      '-o',
      output,
      '-w',
      '1',
      '-f',
      'voc',
      '-q',
      ...SHARED,
    ];
    await runCli(args(undisturbed));
    const output = temporaryFolder();
    const lines = () => {
      try {
        return (
          readFileSync(join(output, 'results.jsonl'), 'utf8').split('\n').length - 1
        );
      } catch {
        return 0;
      }
    };
    // Killed when the first photo is in the journal.
    const killed = await runCli(args(output), {
      onStart: (child) => {
        const timer = setInterval(() => {
          if (lines() < 2) return;
          clearInterval(timer);
          process.kill(-child.pid!, 'SIGKILL');
        }, 5);
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    expect(lines()).toBeLessThan(4);
    expect((await runCli(args(output))).code).toBe(0);
    expect(resultFiles(output)).toEqual(resultFiles(undisturbed));
    expect(readdirSync(join(output, 'voc'), { recursive: true })).toEqual(
      readdirSync(join(undisturbed, 'voc'), { recursive: true }),
    );
    expect(readJson<{ counts: object }>(output, 'run.json').counts).toMatchObject({
      resumed: 1,
    });
  });

  it('stops on Ctrl-C with 130, and goes on', async () => {
    const output = temporaryFolder();
    const args = ['detect', photos, '-o', output, '-w', '1'];
    const stopped = await runCli([...args], {
      onStart: (child) => {
        const timer = setInterval(() => {
          try {
            readFileSync(join(output, 'results.jsonl'));
          } catch {
            return;
          }
          clearInterval(timer);
          child.kill('SIGINT');
        }, 5);
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('the same command goes on');
    expect(() => readFileSync(join(output, 'detections.json'))).toThrow();
    expect((await runCli(args)).code).toBe(0);
    expect(readJson<CocoDetection[]>(output, 'detections.json').length).toBeGreaterThan(
      0,
    );
  });

  it('refuses to go on with other options or photos, and names --restart', async () => {
    const folder = temporaryFolder();
    copyFileSync(join(samples, 'coffee.jpg'), join(folder, 'x.jpg'));
    const output = temporaryFolder();
    await runCli(['detect', folder, '-o', output, ...SHARED]);
    const otherOptions = await runCli([
      'detect',
      folder,
      '-o',
      output,
      ...SHARED,
      '--nms',
      'hard',
    ]);
    expect(otherOptions.code).toBe(2);
    expect(otherOptions.stderr).toMatch(/other options.*--restart/);
    copyFileSync(join(samples, 'rocket.jpg'), join(folder, 'y.jpg'));
    const otherPhotos = await runCli(['detect', folder, '-o', output, ...SHARED]);
    expect(otherPhotos.code).toBe(2);
    expect(otherPhotos.stderr).toMatch(/other photos.*--restart/);
    expect(
      (await runCli(['detect', folder, '-o', output, ...SHARED, '--restart'])).code,
    ).toBe(0);
    rmSync(join(output, 'results.jsonl'));
    expect((await runCli(['detect', folder, '-o', output, ...SHARED])).code).toBe(2);
  });

  it('stops when the output cannot be written, and goes on when it can', async () => {
    const output = temporaryFolder();
    const args = ['detect', photos, '-o', output, '-d', ...SHARED];
    writeFileSync(join(output, 'pictures'), 'in the way');
    const stopped = await runCli(args);
    expect(stopped.code).toBe(2);
    expect(stopped.stderr).toContain(join(output, 'pictures'));
    rmSync(join(output, 'pictures'));
    expect((await runCli(args)).code).toBe(0);
    expect(readJson(output, 'failures.json')).toEqual([]);
    expect(readJson<{ counts: object }>(output, 'run.json').counts).toMatchObject({
      detected: 3,
    });
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const refused = await runCli(['detect', photos, '-o', file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`${file}: a file of this name is in the way`);
  });

  it('leaves a finished run as it is, and an earlier run’s pictures unread', async () => {
    const folder = temporaryFolder();
    copyFileSync(join(samples, 'coffee.jpg'), join(folder, 'x.jpg'));
    const first = join(folder, 'first');
    const args = ['detect', folder, '-o', first, '-d', ...SHARED];
    await runCli(args);
    const report = readFileSync(join(first, 'run.json'), 'utf8');
    expect((await runCli(args)).code).toBe(0);
    expect(readFileSync(join(first, 'run.json'), 'utf8')).toBe(report);
    const second = join(folder, 'second');
    await runCli(['detect', folder, '-o', second, ...SHARED]);
    expect(readJson<ImagesFile>(second, 'images.json').images).toHaveLength(1);
  });

  it('keeps nothing in the home folder and sends nothing', async () => {
    const home = temporaryFolder();
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      HOME: home,
      XDG_CACHE_HOME: join(home, '.cache'),
    };
    // The library is silent in CI of itself.
    delete env.CI;
    const run = await runCli(
      ['detect', join(samples, 'coffee.jpg'), '-o', temporaryFolder(), ...SHARED],
      { env },
    );
    expect(run.code).toBe(0);
    expect(readdirSync(home)).toEqual([]);
  });

  it('takes boxes from a proposals file, and says which photos it lacks', async () => {
    const output = temporaryFolder();
    const proposals = join(output, 'p.jsonl');
    writeFileSync(
      proposals,
      '{"file":"a/IMG_1.jpg","boxes":[[100,30,400,290]]}\n{"file":"c.JPG","boxes":[]}\n',
    );
    const run = await runCli([
      'detect',
      photos,
      '-o',
      output,
      '-p',
      proposals,
      '-m',
      'crop',
    ]);
    expect(run.code).toBe(1);
    expect(readJson<Failure[]>(output, 'failures.json')).toMatchObject([
      { file: 'b/IMG_1.jpg', code: 'NO_PROPOSALS' },
    ]);
    expect(readJson<{ counts: object }>(output, 'run.json').counts).toMatchObject({
      detected: 2,
      proposals: 1,
    });
    const [best] = readJson<CocoDetection[]>(output, 'detections.json');
    expect(best).toMatchObject({ image_id: 1, category_id: 17 });
  });

  it('draws, cuts out and writes the other forms, under each photo’s own path', async () => {
    const output = temporaryFolder();
    const run = await runCli([
      'detect',
      photos,
      '-o',
      output,
      ...SHARED,
      '-d',
      '--save-crops',
      '--draw-threshold',
      '0.1',
      '-f',
      'voc,yolo',
    ]);
    expect(run.code).toBe(0);
    const below = (folder: string) =>
      readdirSync(join(output, folder), { recursive: true }).map(String);
    for (const folder of ['pictures', 'voc', 'yolo']) {
      const names = below(folder).filter((name) => name.includes('IMG_1'));
      expect(new Set(names.map((name) => dirname(name))).size, folder).toBe(2);
    }
    expect(below('crops').some((name) => name.startsWith('a'))).toBe(true);
    const picture = below('pictures').find((name) => name.includes('a/IMG_1'))!;
    const { width, height } = await sharp(join(output, 'pictures', picture)).metadata();
    const original = await sharp(join(samples, 'chelsea.jpg')).metadata();
    expect([width, height]).toEqual([original.width, original.height]);
  });

  it.each([
    [['--mode', 'magic'], /Allowed choices are shared, crop, cascade/],
    [['--score-threshold', '2'], /A number from 0 to 1/],
    [['--crops', '1.5'], /whole number/],
    [['--classes', 'cat,unicorn'], /no class "unicorn"/],
    [
      ['--model', 'nowhere.safetensors'],
      /nowhere.safetensors: cannot be read|the model cannot be read/,
    ],
    [['--proposals', 'nowhere.json'], /nowhere.json: cannot be read/],
    [['--annotations', 'nowhere.json'], /nowhere.json: there is no such file/],
    [['--bogus'], /unknown option/],
  ])('refuses %j with exit code 2', async (extra, message) => {
    const { code, stderr } = await runCli([
      'detect',
      photos,
      '-o',
      temporaryFolder(),
      ...extra,
    ]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
