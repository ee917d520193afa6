/**
 * Runs commands of the built command line for `command.ts`, one after the other in one process: most of the
 * time of a short command is the start of Node and of what the command loads. Each command sees its own
 * arguments, folder, environment and streams.
 */
import { fileURLToPath } from 'node:url';
import { platform } from '../../dist/base/platform/node.js';

// What computes takes one thread unless it is told otherwise: more are slower on small data, and far slower
// beside other tests. Commands in processes of their own take as many as they find to be fastest.
platform.cores = 1;

const main = new URL('../../dist/cli/main.js', import.meta.url);
// Each run of main.js listens to its streams anew.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
let runs = 0;
let last = Promise.resolve();
process.on('message', (request) => {
  last = last.then(() => run(request));
});

async function run({ cwd, args, env }) {
  const written = { stdout: '', stderr: '' };
  for (const name of Object.keys(written)) {
    process[name].write = (chunk, encoding, callback) => {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      (typeof encoding === 'function' ? encoding : callback)?.();
      return true;
    };
  }
  const before = { ...process.env };
  process.chdir(cwd);
  Object.assign(process.env, env);
  process.argv = [process.execPath, fileURLToPath(main), ...args];
  process.exitCode = undefined;
  let unexpected;
  try {
    // main.js is evaluated anew; what it imports is there already.
    await import(`${main}?${++runs}`);
  } catch (error) {
    unexpected = error.stack;
  }
  for (const name of Object.keys(written)) delete process[name].write;
  for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
  Object.assign(process.env, before);
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  process.send({ code, ...written, unexpected });
}
