export { addPictures, type AddPicturesOptions } from './addPictures.js';
export { createReport, reportParts } from './createReport.js';
export { prepareReport, type PrepareReportOptions } from './prepareReport.js';
export { runReport, type RunReportOptions } from './runReport.js';
export type {
  ErrorTotals,
  LabelledBox,
  ReportData,
  ReportExample,
  ReportPhoto,
} from './types.js';
