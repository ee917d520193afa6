/** Programs that tests start. In CI they must be there; elsewhere, tests that need one are skipped without it. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The file of the first of these names that PATH leads to. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

/** Whether to skip for want of one of these. Never in CI: there the test fails instead. */
export function lacks(...programs: readonly string[]): boolean {
  return !process.env.CI && programs.some((program) => findProgram(program) === undefined);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
