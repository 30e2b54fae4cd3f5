import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { CocoDataset, CocoDetection } from '../../../eval/index.js';
import { temporaryFolder } from '../runCli.js';

/** Would set `hacked` on the page if any of them became HTML. */
export const HOSTILE = {
  file: '<img src=x onerror=window.hacked=1>.jpg',
  className: '"><script>window.hacked=1</script><svg onload=window.hacked=1>',
  option: '</option></select><img src=x onerror="window.hacked=1">',
  title: '</title><script>window.hacked=1</script>',
};

const names = [HOSTILE.className, 'cat', 'dog', HOSTILE.option, 'unseen'];

/**
 * Four photos of 400×300 and one of each error, made by hand:
 *
 * - photo 1: a cat found; a second box on it (duplicate); a dog called cat
 *   (classification);
 * - photo 2 (hostile name): a dog half covered (localization), a cat box near a dog
 *   (both), a box on nothing (background);
 * - photo 3: a large dog and a small cat missed; the dog has a detection of score 0.05;
 * - photo 4: objects and detections of the classes with hostile names.
 */
export const toySet: CocoDataset = {
  images: [
    { id: 1, file_name: 'one.jpg', width: 400, height: 300 },
    { id: 2, file_name: HOSTILE.file, width: 400, height: 300 },
    { id: 3, file_name: 'folder/three.png', width: 400, height: 300 },
    { id: 4, file_name: 'four.jpg', width: 400, height: 300 },
  ],
  categories: names.map((name, i) => ({ id: i + 1, name })),
  annotations: [
    { id: 1, image_id: 1, category_id: 2, bbox: [20, 20, 100, 100] },
    { id: 2, image_id: 1, category_id: 3, bbox: [200, 100, 100, 100] },
    { id: 3, image_id: 2, category_id: 3, bbox: [0, 0, 100, 100] },
    { id: 4, image_id: 2, category_id: 3, bbox: [200, 0, 100, 100] },
    { id: 5, image_id: 3, category_id: 3, bbox: [50, 50, 200, 200] },
    { id: 6, image_id: 3, category_id: 2, bbox: [300, 200, 40, 30] },
    { id: 7, image_id: 4, category_id: 1, bbox: [10, 10, 50, 50] },
    { id: 8, image_id: 4, category_id: 4, bbox: [100, 10, 50, 50] },
    { id: 9, image_id: 4, category_id: 4, bbox: [200, 10, 60, 60] },
  ],
};

export const toyDetections: CocoDetection[] = [
  { image_id: 1, category_id: 2, bbox: [20, 20, 100, 100], score: 0.95 },
  { image_id: 1, category_id: 2, bbox: [20, 20, 100, 80], score: 0.9 }, // duplicate
  { image_id: 1, category_id: 2, bbox: [200, 100, 100, 90], score: 0.85 }, // classification
  { image_id: 2, category_id: 3, bbox: [0, 0, 100, 40], score: 0.8 }, // localization
  { image_id: 2, category_id: 2, bbox: [200, 0, 100, 40], score: 0.75 }, // both
  { image_id: 2, category_id: 2, bbox: [300, 200, 50, 50], score: 0.7 }, // background
  { image_id: 3, category_id: 3, bbox: [50, 50, 200, 190], score: 0.05 },
  { image_id: 4, category_id: 1, bbox: [10, 10, 50, 50], score: 0.9 },
  { image_id: 4, category_id: 4, bbox: [100, 10, 50, 50], score: 0.9 },
  { image_id: 4, category_id: 1, bbox: [200, 10, 60, 55], score: 0.65 }, // classification
];

/** A folder with the photos: red where photo 1 has its cat, else blue. */
export async function toyPhotos(): Promise<string> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'folder'));
  for (const { file_name } of toySet.images) {
    const photo = sharp({
      create: { width: 400, height: 300, channels: 3, background: '#2040c0' },
    }).composite([
      {
        input: {
          create: { width: 100, height: 100, channels: 3, background: '#e02020' },
        },
        left: 20,
        top: 20,
      },
    ]);
    const bytes = file_name!.endsWith('.png')
      ? await photo.png().toBuffer()
      : await photo.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
    writeFileSync(join(folder, file_name!), bytes);
  }
  return folder;
}
