/** Runs the built command, in a folder of its own. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';

/** The command's script. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));

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

/** The command as a process of its own: for signals, for two at once, and for how the process ends. */
export function start(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, ...env } });
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

/** Of the file that runs: a command such as `--math fma` switches on what stays so in its process. */
let server: { readonly child: ChildProcess; readonly file: string | undefined } | undefined;
let last: Promise<unknown> = Promise.resolve();
// Files share this module, so this is heard after the first of them only; the others end their server when
// the next one starts its own.
afterAll(() => stop());

function stop(): void {
  server?.child.kill();
  server = undefined;
}

/** The command in a process that all such commands of a test file share, one after the other. */
export function lanegrad(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const outcome = last.then(() => ask({ cwd, args, env }));
  last = outcome.catch(() => {});
  return outcome;
}

async function ask(request: {
  cwd: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
}): Promise<Outcome> {
  const file = expect.getState().testPath;
  if (server && (server.file !== file || !server.child.connected)) stop();
  server ??= { child: fork(SERVER, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }), file };
  const { child } = server;
  const answer = await new Promise<Outcome & { unexpected?: string }>((resolve, reject) => {
    const onMessage = (message: Outcome) => {
      child.off('exit', onExit);
      resolve(message);
    };
    const onExit = (status: number | null) => {
      child.off('message', onMessage);
      server = undefined;
      reject(new Error(`the command ended its process with ${status}: ${request.args.join(' ')}`));
    };
    child.once('message', onMessage).once('exit', onExit);
    child.send(request);
  });
  const { unexpected, ...outcome } = answer;
  if (unexpected !== undefined) throw new Error(unexpected);
  return outcome;
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
