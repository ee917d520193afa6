/** What holds after every disturbed command, however it ended: a clear error, whole files, nothing left behind. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSafetensors } from '../../src/formats/safetensors.js';
import type { Outcome } from '../cli/process.js';
import { type Job, namesIn, OLD } from './jobs.js';

/** What is wrong with how a command failed; undefined where it says in one line what happened, and where. */
export function unclear({ code, stderr }: Outcome): string | undefined {
  if (code !== 1 && code !== 2) return `exit status ${code}, expected 1: ${stderr.trim()}`;
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('warning: '));
  const [line = ''] = lines;
  if (lines.length !== 1) return `expected one line, given ${lines.length}: ${stderr.trim()}`;
  const isPlain = /^error: \S.*: \S/.test(line) && !/unexpected |0x[\da-f]|RuntimeError|undefined/.test(line);
  return isPlain ? undefined : `not a clear error: ${line}`;
}

/** The names of temporary files. */
export async function temporaries(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter(
    (name) => name.endsWith('.tmp') || basename(name) === '.lanegrad-probe',
  );
}

/**
 * What of a folder's files is no whole file of its kind.
 *
 * @param wasKilled a kill may come within a line of metrics, which readers then leave out.
 */
export async function broken(job: Job, out: string, expected: unknown, wasKilled = false): Promise<string[]> {
  const problems: string[] = [];
  for (const name of await namesIn(out)) {
    if (name.endsWith('.tmp')) continue;
    const problem = await problemOf(join(out, name), wasKilled).catch((error) =>
      String((error as Error).message),
    );
    if (problem !== undefined) problems.push(`${name}: ${problem}`);
  }
  if (job.replaces === undefined || problems.length > 0) return problems;
  const text = await readFile(join(out, job.replaces), 'utf8').catch(() => undefined);
  if (text === OLD || text === undefined) return text === undefined ? [`${job.replaces} is gone`] : [];
  const same = (await job.result(out)) === expected;
  return same ? [] : [`${job.replaces} is neither the old file nor the new one`];
}

async function problemOf(path: string, wasKilled: boolean): Promise<string | undefined> {
  const bytes = await readFile(path);
  const text = bytes.toString();
  // What stands in place of a model until it is written.
  if (text === OLD) return undefined;
  if (path.endsWith('.safetensors')) readSafetensors(bytes, path);
  if (path.endsWith('.json')) JSON.parse(text);
  if (path.endsWith('.html') && !text.trimEnd().endsWith('</html>')) return 'the page has no end';
  if (path.endsWith('.jsonl')) for (const line of text.split('\n').slice(0, -1)) JSON.parse(line);
  const isCut = path.endsWith('.jsonl') && text !== '' && !text.endsWith('\n');
  if (isCut && !wasKilled) return 'its last line is cut off';
  return undefined;
}
