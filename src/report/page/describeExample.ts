import type { ReportExample } from '../types.js';
import { score } from './numbers.js';

/** What a reader is told of an error: what it is about, and what is wrong. */
export function describeExample(example: ReportExample): {
  subject: string;
  detail: string;
} {
  const { type, detection, object, iou } = example;
  if (type === 'missed') {
    return {
      subject: object!.className,
      detail: detection
        ? `found with score ${score(detection.score!)} only`
        : 'nothing of its class there',
    };
  }
  const subject = `${detection!.className} ${score(detection!.score!)}`;
  const overlap = iou === null ? '' : `IoU ${score(iou)}`;
  switch (type) {
    case 'classification':
      return {
        subject,
        detail: object ? `is ${object.className}, ${overlap}` : 'is another class',
      };
    case 'localization':
      return {
        subject,
        detail: object ? `${overlap} only with the object` : 'too little overlap',
      };
    case 'both':
      return {
        subject,
        detail: object ? `near ${object.className}, ${overlap}` : 'near another object',
      };
    case 'duplicate':
      return {
        subject,
        detail: `the object has a better one${overlap && `; ${overlap}`}`,
      };
    case 'background':
      return { subject, detail: 'no object there' };
  }
}
