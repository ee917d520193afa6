/**
 * Loaded into a command before its own code: counts the operations by which the process changes files, and at one
 * of them does what FAULT says: ends the process or its group, loses the folder, or lets this operation and all
 * later ones fail as a full or read-only disk does. So a fault comes at the same point each time that it is asked for.
 */
import { closeSync, openSync, renameSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { at, action, code, half, who, once, folder, countTo } = JSON.parse(process.env.FAULT ?? '{}');
/** Which process of a pool this is. */
const own = process.send ? 'worker' : 'main';

/** What a full disk still does. */
const FREEING = new Set(['rm', 'rmdir', 'rename', 'truncate']);

let count = 0;
let failing = false;

function due() {
  if (++count !== at || own !== who) return false;
  if (once === undefined) return true;
  try {
    // Of the processes that share the file, the first alone.
    closeSync(openSync(once, 'wx'));
    return true;
  } catch {
    return false;
  }
}

function act() {
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action === 'kill-group') process.kill(0, 'SIGKILL');
  if (action === 'lose') {
    try {
      renameSync(folder, `${folder}-lost`);
    } catch {
      // It is not there yet, or no more.
    }
  }
  if (action === 'fail') failing = true;
}

function refuse(name) {
  if (!failing || (code !== 'EROFS' && FREEING.has(name))) return;
  throw Object.assign(new Error(`${code}: a fault on purpose, ${name}`), { code, syscall: name });
}

function wrap(target, name, { changes = () => true, part } = {}) {
  const real = target[name];
  target[name] = async function (...args) {
    if (!changes(args)) return real.apply(this, args);
    if (due()) {
      if (half && part) await real.apply(this, part(args));
      act();
    }
    refuse(name);
    return real.apply(this, args);
  };
}

const firstHalf = (data) => data.slice(0, Math.ceil(data.length / 2));

if (isMainThread && (at !== undefined || countTo !== undefined)) {
  const probe = await fs.open('/dev/null', 'r');
  const handle = Object.getPrototypeOf(probe);
  await probe.close();
  wrap(fs, 'open', { changes: ([, flags]) => flags !== undefined && flags !== 'r' });
  for (const name of ['rename', 'rm', 'rmdir', 'mkdir', 'copyFile']) wrap(fs, name);
  const whole = { part: ([path, data, ...rest]) => [path, firstHalf(data), ...rest] };
  for (const name of ['appendFile', 'writeFile']) wrap(fs, name, whole);
  for (const name of ['appendFile', 'writeFile']) wrap(handle, name, { part: ([data]) => [firstHalf(data)] });
  wrap(handle, 'write', {
    part: ([data, offset, length, position]) => [data, offset, Math.ceil(length / 2), position],
  });
  for (const name of ['sync', 'datasync', 'truncate']) wrap(handle, name);
  syncBuiltinESMExports();
  if (countTo !== undefined) process.on('exit', () => writeFileSync(`${countTo}-${own}`, String(count)));
}
