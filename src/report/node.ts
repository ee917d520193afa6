/**
 * What the report needs from Node: uPlot's files from the installed package. Browsers bundle them instead.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { FileError } from '../base/errors.js';
import type { Uplot } from './types.js';

const SCRIPT = 'uplot/dist/uPlot.iife.min.js';
const STYLE = 'uplot/dist/uPlot.min.css';

/** Reads uPlot's script and style sheet, which `renderReport` inlines into the page. */
export async function loadUplot(): Promise<Uplot> {
  const [script, style] = await Promise.all([readPackageFile(SCRIPT), readPackageFile(STYLE)]);
  return { script, style };
}

/** @internal Reads a file of an installed package as text, found as `require` would find it. */
export async function readPackageFile(specifier: string): Promise<string> {
  try {
    return await readFile(createRequire(import.meta.url).resolve(specifier), 'utf8');
  } catch (cause) {
    throw new FileError(specifier, 'cannot be read; is the package installed?', { cause });
  }
}
