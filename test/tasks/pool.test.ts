/**
 * The pool of processes, as it was built, with tasks that know nothing of networks: what is lost, thrown,
 * aborted and closed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';

interface Task {
  readonly what: 'square' | 'throw' | 'function' | 'end' | 'wait' | 'spin';
  readonly of?: number;
}

/** Milliseconds that no test waits for. */
const LONG = 2 ** 30;
const POOL = new URL('../../dist/tasks/pool.js', import.meta.url).href;
const module = new URL('squares.mjs', import.meta.url);
const { WorkerPool } = (await import(POOL)) as typeof import('../../src/tasks/pool.js');

const pools: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

function open(width: number, retries?: number) {
  const pool = new WorkerPool<Task, { offset: number }>({
    module,
    setup: { offset: 1 },
    width,
    ...(retries !== undefined && { retries }),
  });
  pools.push(pool);
  return pool;
}

describe('the pool', () => {
  it('hands out tasks to as many processes as it is wide, and gives back their results', async () => {
    const pool = open(2);
    const results = (await Promise.all(
      [0, 1, 2, 3, 4].map((of) => pool.run({ what: 'square', of }, `square ${of}`)),
    )) as { value: number; bytes: Uint8Array; pid: number }[];
    expect(results.map(({ value }) => value)).toEqual([1, 2, 5, 10, 17]);
    expect(Array.from(results[3].bytes)).toEqual([3]);
    const pids = new Set(results.map(({ pid }) => pid));
    expect(pids.size).toBe(2);
    expect(pids.has(process.pid)).toBe(false);
  });

  it('names the task that failed, and goes on with the next in the same process', async () => {
    const pool = open(1);
    const square = () => pool.run({ what: 'square', of: 1 }, 'square') as Promise<{ pid: number }>;
    const before = await square();
    await expect(pool.run({ what: 'throw', of: 5 }, 'the label')).rejects.toThrow('the label: 5 is refused');
    await expect(pool.run({ what: 'function' }, 'a function')).rejects.toThrow(/a function: .*not be cloned/);
    expect(await square()).toEqual(before);
  });

  it('begins a task anew whose process was killed, as often as it is told', async () => {
    const pool = open(1, 2);
    const lost: number[] = [];
    let starts = 0;
    const spinning = pool.run({ what: 'spin' }, 'killed', {
      onStart: () => starts++,
      onProgress: ({ done: pid }) => {
        lost.push(pid);
        process.kill(pid, 'SIGKILL');
      },
    });
    await expect(spinning).rejects.toThrow('killed: its worker was ended by SIGKILL (attempt 3)');
    expect(new Set(lost).size).toBe(3);
    expect(starts).toBe(3);
    await expect(open(1, 0).run({ what: 'end' }, 'ended')).rejects.toThrow('its worker ended with status 7');
  });

  it('loses no task when a process is killed once, busy or idle', async () => {
    const pool = open(2);
    const run = (of: number) => pool.run({ what: 'square', of }, `square ${of}`) as Promise<{ pid: number }>;
    const tasks = [1, 2, 3].map(run);
    const { pid } = await tasks[0];
    process.kill(pid, 'SIGKILL');
    const more = [4, 5, 6, 7].map(run);
    expect(await Promise.all([...tasks, ...more])).toHaveLength(7);
  });

  it('ends what is aborted, waiting or busy, and nothing else', async () => {
    const pool = open(2);
    const controller = new AbortController();
    const { signal } = controller;
    const other = pool.run({ what: 'square', of: 2 }, 'other');
    const running = pool.run({ what: 'spin' }, 'spins', { signal, onProgress: () => controller.abort() });
    const waiting = [1, 2].map(() => pool.run({ what: 'wait', of: LONG }, 'waits', { signal }));
    for (const aborted of [running, ...waiting]) await expect(aborted).rejects.toThrow(/abort/i);
    await expect(pool.run({ what: 'square', of: 2 }, 'late', { signal })).rejects.toThrow(/abort/i);
    expect(await other).toMatchObject({ value: 5 });
    expect(await pool.run({ what: 'square', of: 3 }, 'next')).toMatchObject({ value: 10 });
  });

  it('closes while tasks run, and takes none after that', async () => {
    const pool = open(1);
    let worker = 0;
    const tasks = ['spin', 'square'].map((what) =>
      pool.run({ what: what as 'spin', of: 1 }, what, {
        onProgress: ({ done: pid }) => {
          worker = pid;
          void pool.close();
        },
      }),
    );
    for (const task of tasks) await expect(task).rejects.toThrow('the workers have been stopped');
    await pool.close();
    expect(() => process.kill(worker, 0)).toThrow(/ESRCH/);
    await expect(pool.run({ what: 'square', of: 1 }, 'later')).rejects.toThrow(
      'later: the workers have been',
    );
  });

  it('leaves it to its own process what a Ctrl-C means, which a terminal sends to all', async () => {
    let worker = 0;
    const waiting = open(1, 0).run({ what: 'wait', of: 200 }, 'waits', {
      onProgress: ({ done: pid }) => {
        worker = pid;
        process.kill(pid, 'SIGINT');
      },
    });
    expect(await waiting).toBe(worker);
  });

  it('leaves no process behind when its own is killed', async () => {
    const script = `import { WorkerPool } from ${JSON.stringify(POOL)};
      const pool = new WorkerPool({ module: new URL(${JSON.stringify(module.href)}), setup: { offset: 1 }, width: 1 });
      await pool.run({ what: 'wait', of: ${LONG} }, 'waits', { onProgress: ({ done }) => console.log(done) });`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script]);
    const [text] = await once(owner.stdout, 'data');
    const pid = Number(text);
    owner.kill('SIGKILL');
    await expect.poll(() => alive(pid), { timeout: 30_000 }).toBe(false);
  });

  it.each([
    ['width', { width: 0 }],
    ['width', { width: 1.5 }],
    ['retries', { retries: -1 }],
  ])('refuses a %s that is none: %j', (name, options) => {
    expect(() => new WorkerPool({ module, setup: {}, ...options })).toThrow(
      new RegExp(`WorkerPool.*${name}`),
    );
  });
});

/** Whether there is such a process; one that has ended and that nobody has asked about is none. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return true;
}
