import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseAnnotations, parseDetectionColumns } from '../../eval/index.js';
import { readInputFile } from '../files/readInputFile.js';
import { StreamedFile } from '../files/streamedFile.js';
import { addPictures, type AddPicturesOptions } from './addPictures.js';
import { reportParts } from './createReport.js';
import { prepareReport, type PrepareReportOptions } from './prepareReport.js';
import type { ReportData } from './types.js';

export interface RunReportOptions
  extends
    Omit<PrepareReportOptions, 'groundTruthName' | 'detectionsName'>,
    AddPicturesOptions {
  /** COCO annotations, gzipped too. */
  annotations: string;
  /** COCO results, gzipped too. */
  detections: string;
  /** Folder that the annotations' file names are relative to; without it no photo is shown. */
  images?: string;
  /** The HTML file. */
  output: string;
}

/**
 * Reads annotations, detections and photos, and writes the report.
 *
 * @throws UsageError, EvaluationError when an input cannot be used
 */
export async function runReport(options: RunReportOptions): Promise<ReportData> {
  const { annotations, detections, images, output, ...rest } = options;
  const measured = prepareReport(
    parseAnnotations(await readInputFile(annotations), annotations),
    parseDetectionColumns(await readInputFile(detections), detections),
    { ...rest, groundTruthName: annotations, detectionsName: detections },
  );
  const data =
    images === undefined ? measured : await addPictures(measured, images, rest);
  await mkdir(dirname(output), { recursive: true });
  const file = await StreamedFile.create(output);
  try {
    for (const part of reportParts(data)) await file.write(part);
    await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
  return data;
}
