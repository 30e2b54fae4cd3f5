import { XMLBuilder } from 'fast-xml-parser';
import { UniqueStems, writeWhole } from './outputPaths.js';
import { safeJoin } from './safeJoin.js';
import type { PhotoResult, ResultDetection, ResultWriter } from './types.js';

const builder = new XMLBuilder({ format: true, indentBy: '  ' });

/**
 * A photo's detections as a PASCAL VOC annotation. Its corners count pixels from
 * 1 and include the last one, so half-open [x1, y1, x2, y2] becomes
 * [x1 + 1, y1 + 1, x2, y2]; fractions are kept. Each object has a `score` beside
 * what VOC defines.
 */
export function vocXml({ file, width, height, detections }: PhotoResult): string {
  const slash = file.lastIndexOf('/');
  const annotation = {
    folder: xmlText(file.slice(0, Math.max(0, slash))),
    filename: xmlText(file.slice(slash + 1)),
    size: { width, height, depth: 3 },
    segmented: 0,
    object: detections.map(vocObject),
  };
  return builder.build({ annotation });
}

function vocObject({ className, score, box: [x1, y1, x2, y2] }: ResultDetection) {
  return {
    name: xmlText(className),
    pose: 'Unspecified',
    truncated: 0,
    difficult: 0,
    score,
    bndbox: {
      xmin: tidy(x1 + 1),
      ymin: tidy(y1 + 1),
      xmax: tidy(x2),
      ymax: tidy(y2),
    },
  };
}

/** A folder with an XML file for each photo, at the photo's place in its folders. */
export function vocResults(folder: string): Promise<ResultWriter> {
  const stems = new UniqueStems();
  return Promise.resolve({
    add: (photo) =>
      writeWhole(safeJoin(folder, `${stems.next(photo.file)}.xml`), vocXml(photo)),
    finish: () => Promise.resolve(),
  });
}

/** Without the tail of digits that adding 1 to a fraction leaves. */
function tidy(value: number): number {
  return Number(value.toFixed(6));
}

/** XML has no way at all to write most control characters. */
function xmlText(text: string): string {
  return text.replace(
    /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu,
    '\ufffd',
  );
}
