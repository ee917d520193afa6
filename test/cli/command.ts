/** Runs the built command, in a folder of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import type { Outcome } from './process.js';

export { lastObject, MAIN, measured, type Outcome, type Running, servedUrl, start } from './process.js';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));

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
