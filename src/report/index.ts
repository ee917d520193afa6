/** The report's public face, for Node and browsers alike. `loadUplot` needs Node and is in node.ts. */
export { type RunReport, renderReport, type TestSet, type Uplot } from './report.js';
