/** The built command as a process of its own; knows of no test runner. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The command's script. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** Resolves when standard output has matched; rejects when the process ends before. */
  printed(pattern: RegExp): Promise<void>;
  outcome: Promise<Outcome>;
}

interface Start {
  /** Words before those of the command, of another program that runs it. */
  through?: readonly string[];
  /** Whether it leads a process group of its own, which can be killed as a whole. */
  group?: boolean;
}

/** The command as a process of its own: for signals, for two at once, and for how the process ends. */
export function start(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  { through = [], group = false }: Start = {},
): Running {
  const [program, ...words] = [...through, process.execPath, MAIN, ...args];
  const child = spawn(program, words, { cwd, env: { ...process.env, ...env }, detached: group });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const printed = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(stdout)) resolve();
      };
      child.stdout
        .on('data', look)
        .on('close', () => reject(new Error(`never printed ${pattern}: ${stdout}${stderr}`)));
      look();
    });
  return { child, printed, outcome };
}

/** The address that `lanegrad serve` says on either stream, once it listens and its model is there. */
export async function servedUrl({ child, outcome }: Running): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (piece: string) => {
      text += piece;
      const [, url] = /^(http:\S+) {2}.*parameters$/m.exec(text) ?? [];
      if (url !== undefined) resolve(url);
    };
    for (const stream of [child.stdout, child.stderr]) stream!.on('data', look);
    void outcome.then(() => reject(new Error(`it never said where it is: ${text}`)));
  });
}

/** The object that `--json` ends standard output with. */
export function lastObject({ stdout }: Outcome): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** `lastObject` without its engine, which takes as many threads as it finds to be fastest. */
export function measured(outcome: Outcome): Record<string, unknown> {
  const { engine: _, ...rest } = lastObject(outcome);
  return rest;
}

/** The processes that a process has started, of Linux. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}
