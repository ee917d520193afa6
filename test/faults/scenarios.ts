/** The table of faults: of each, what it does to a job, and to which jobs. */
import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../cli/process.js';
import { prepareOut } from './jobs.js';
import { type Disturbed, faultAt, killGroup, setModes } from './run.js';

interface Fault {
  readonly name: string;
  /** Names of jobs. Those of `ci` are disturbed once in CI. */
  readonly jobs: readonly string[];
  readonly ci: readonly string[];
  /** Whether a small file system is mounted for it, which only root may do. */
  readonly mounts?: true;
  disturb(run: Disturbed): Promise<unknown>;
}

const TRAININGS = ['dense', 'conv', 'table', 'stream'];
const POOLS = ['folds', 'sweep'];
const FILES = ['onnx', 'npz', 'csv', 'import', 'predict'];
const ALL = [...TRAININGS, ...POOLS, ...FILES];

export const faults: readonly Fault[] = [
  // The command's own process alone; the workers of a pool find themselves without it.
  {
    name: 'kill',
    jobs: [...ALL, 'anew'],
    ci: ['dense', 'conv', 'stream', 'anew', 'sweep', 'onnx'],
    disturb: (run) => killed(run, 'kill'),
  },
  { name: 'kill-group', jobs: POOLS, ci: ['folds'], disturb: (run) => killed(run, 'kill-group') },
  { name: 'kill-worker', jobs: POOLS, ci: ['sweep'], disturb: workerKilled },
  { name: 'full-disk', jobs: ALL, ci: ['dense', 'sweep'], disturb: (run) => failing(run, 'ENOSPC') },
  { name: 'file-limit', jobs: ALL, ci: ['dense', 'sweep', 'import'], disturb: fileLimited },
  { name: 'full-mount', jobs: [...TRAININGS, 'sweep', 'onnx'], ci: [], mounts: true, disturb: mounted },
  { name: 'read-only', jobs: ALL, ci: ['table'], disturb: readOnly },
  { name: 'broken-disk', jobs: ALL, ci: [], disturb: (run) => failing(run, 'EIO') },
  { name: 'lost-folder', jobs: ALL, ci: ['dense'], disturb: lostFolder },
  { name: 'lost-thread', jobs: ['threads'], ci: ['threads'], disturb: lostThread },
  { name: 'wasm-memory', jobs: [...TRAININGS, 'predict'], ci: ['conv'], disturb: wasmMemory },
  { name: 'address-space', jobs: [...TRAININGS, 'predict', 'onnx'], ci: ['dense'], disturb: addressSpace },
  { name: 'heap', jobs: ['dense', 'stream', 'onnx'], ci: ['onnx'], disturb: smallHeap },
  { name: 'clock', jobs: [...TRAININGS, ...POOLS], ci: ['dense'], disturb: clock },
];

/** One to six lives that end by kill -9: at an operation on files, within one, or at any moment. */
async function killed(run: Disturbed, action: 'kill' | 'kill-group'): Promise<void> {
  const { random, undisturbed } = run;
  const lives = random.between(1, 6);
  for (let life = 1; life <= lives; life++) {
    const at = random.between(1, undisturbed.operations.main);
    const half = random.next() < 0.5;
    const moment = run.moment();
    // The first one surely; the others may end before.
    if (life === 1 || random.next() < 0.5) {
      await run.live({ may: 'die', env: faultAt('operations', { at, action, half, who: 'main' }) });
    } else {
      await run.live({
        may: 'die',
        async during(running) {
          await Promise.race([sleep(moment), running.outcome]);
          if (action === 'kill') running.child.kill('SIGKILL');
          else killGroup(running);
        },
      });
    }
  }
}

/** Workers of the pool are killed; whoever hands out the work sees to it that nothing is lost. */
async function workerKilled(run: Disturbed): Promise<void> {
  const { random, undisturbed, place } = run;
  const at = random.between(1, Math.max(1, undisturbed.operations.worker));
  const fault = { at, action: 'kill', half: random.next() < 0.5, who: 'worker', once: join(place, 'killed') };
  const moments = Array.from({ length: random.between(1, 3) }, () => run.moment()).sort((a, b) => a - b);
  const picks = moments.map(() => random.next());
  const atOperation = random.next() < 0.5;
  await run.live({
    may: 'succeed',
    ...(atOperation && { env: faultAt('operations', fault) }),
    async during(running) {
      const began = performance.now();
      for (const [i, moment] of moments.entries()) {
        await Promise.race([sleep(Math.max(0, moment - (performance.now() - began))), running.outcome]);
        const workers = await childrenOf(running.child.pid!);
        if (workers.length === 0) continue;
        try {
          process.kill(workers[Math.floor(picks[i] * workers.length)], 'SIGKILL');
          run.workersKilled++;
        } catch {
          // It has ended meanwhile.
        }
      }
    },
  });
}

/** From some operation on, all that takes space fails, or all that changes anything. */
async function failing(run: Disturbed, code: string): Promise<void> {
  const { random, undisturbed, job } = run;
  const who = job.pool && random.next() < 0.5 ? 'worker' : 'main';
  const at = random.between(1, Math.max(1, undisturbed.operations[who]));
  await run.live({
    env: faultAt('operations', { at, action: 'fail', code, half: random.next() < 0.5, who }),
  });
}

/** No file may be larger than the system says. */
async function fileLimited(run: Disturbed): Promise<void> {
  const kibibytes = run.random.between(1, Math.ceil(run.undisturbed.bytes.largest / 1024));
  await run.live({ through: limited(`ulimit -f ${kibibytes}`) });
}

const limited = (limits: string) => ['bash', '-c', `${limits}; exec "$@"`, 'bash'];

/** A file system of its own that is too small, or that something else fills while the job runs. */
async function mounted(run: Disturbed): Promise<void> {
  const { random, undisturbed, place, job, out } = run;
  const least = Math.ceil((2 * undisturbed.bytes.all) / 1024) + 4096;
  const moment = run.moment();
  const small = random.next() < 0.5;
  const kibibytes = small ? random.between(16, Math.ceil(undisturbed.bytes.all / 1024)) : least;
  mount(['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'faults', place]);
  await prepareOut(job, out);
  const filler = join(place, 'filler');
  await run.live({
    async during(running) {
      if (small) return;
      await Promise.race([sleep(moment), running.outcome]);
      await writeFile(filler, new Uint8Array(1024 * kibibytes)).catch(() => {});
    },
  });
  await rm(filler, { force: true });
  mount(['-o', `remount,size=${4 * least}k`, place]);
}

function mount(words: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${words.join(' ')}: ${stderr.trim()}`);
}

/** Removes what `mounted` has put there. */
export function unmount(place: string): void {
  spawnSync('umount', ['--lazy', place]);
}

/** Modes forbid to write, from the start or from some moment on. Root heeds none but when it gives that up. */
async function readOnly(run: Disturbed): Promise<void> {
  const { random, place } = run;
  const moment = random.next() < 0.3 ? 0 : run.moment();
  if (moment === 0) await setModes(place, 0o555);
  const asOthers = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search,-fowner'];
  await run.live({
    ...(process.getuid?.() === 0 && { through: asOthers }),
    async during(running) {
      if (moment === 0) return;
      await Promise.race([sleep(moment), running.outcome]);
      await setModes(place, 0o555);
    },
  });
  await setModes(place, 0o755);
}

/** The folder is moved away at an operation on files, or at any moment. */
async function lostFolder(run: Disturbed): Promise<void> {
  const { random, undisturbed, out, job } = run;
  const at = random.between(1, undisturbed.operations.main);
  const moment = run.moment();
  if (random.next() < 0.5) {
    await run.live({ env: faultAt('operations', { at, action: 'lose', folder: out, who: 'main' }) });
  } else {
    await run.live({
      async during(running) {
        await Promise.race([sleep(moment), running.outcome]);
        try {
          renameSync(out, `${out}-lost`);
        } catch {
          // It is not there yet.
        }
      },
    });
  }
  await rm(`${out}-lost`, { recursive: true, force: true });
  if (job.replaces !== undefined) await prepareOut(job, out);
}

async function lostThread(run: Disturbed): Promise<void> {
  await run.live({ env: faultAt('runtime', { action: 'thread', after: run.moment() / 2 }) });
}

/** The kernels' memory grows to so many pages of 64 KiB and no further. */
async function wasmMemory(run: Disturbed): Promise<void> {
  const pages = Math.round(4 * 64 ** run.random.next());
  await run.live({ env: faultAt('runtime', { action: 'memory', pages }) });
}

/** From what Node itself needs for a program that does nothing, up to twenty times as much; near the lower end V8 dies. */
async function addressSpace(run: Disturbed): Promise<void> {
  let kibibytes = Math.round(2 ** 19 * 20 ** run.random.next());
  const starts = () => {
    const [program, ...words] = [...limited(`ulimit -v ${kibibytes}`), process.execPath, '-e', '0'];
    return spawnSync(program, words).status === 0;
  };
  while (!starts()) kibibytes = Math.round(1.25 * kibibytes);
  await run.live({ may: 'die', through: limited(`ulimit -v ${kibibytes}`) });
}

/** V8 ends a process whose heap is full, and lets nobody say anything: to us that is a kill. */
async function smallHeap(run: Disturbed): Promise<void> {
  const mebibytes = run.random.between(4, 24);
  await run.live({ may: 'die', env: { NODE_OPTIONS: `--max-old-space-size=${mebibytes}` } });
}

const HOUR = 3_600_000;

/** Back by an hour, forth by a year, and the like. */
async function clock(run: Disturbed): Promise<void> {
  const { random } = run;
  const jumps = [-HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR, HOUR, 60_000];
  const times = Array.from({ length: random.between(1, 4) }, () => ({
    at: run.moment(),
    by: jumps[random.below(jumps.length)],
  }));
  await run.live({ may: 'succeed', env: faultAt('runtime', { action: 'clock', times }) });
}
