/**
 * From the first thread to the last: engines come and go, idle threads cost nothing and keep no process
 * alive.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EngineError, OptionError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { matmul } from '../../src/ops/matmul.js';
import { sum } from '../../src/ops/reduce.js';

function multiply(engine: Engine, side = 128): number {
  const arena = engine.arena();
  const [c, a, b] = [0, 1, 2].map(() => arena.tensor('float', [side, side]).fill(1));
  matmul({ c, a, b })();
  const value = c.at(side * side - 1);
  arena.dispose();
  return value;
}

describe('options', () => {
  test.each([0, -1, 1.5, 65, Number.NaN, '2', null])('threads: %j is refused', async (threads) => {
    const created = createEngine({ threads: threads as number });
    await expect(created).rejects.toThrow(OptionError);
    await expect(created).rejects.toThrow('option threads: expected "auto" or a whole number, 1 to 64');
  });

  test('the reference backend has one', async () => {
    await expect(createEngine({ backend: 'reference', threads: 2 })).rejects.toThrow(EngineError);
    expect((await createEngine({ backend: 'reference', threads: 1 })).info.threads).toBe(1);
    expect((await createEngine({ backend: 'reference' })).info.threads).toBe(1);
  });

  test('info names the binary and the reason', async () => {
    const engine = await createEngine({ math: 'strict', threads: 2 });
    expect(engine.info).toMatchObject({
      threads: 2,
      binary: 'simd-threads',
      reason: 'strict was asked for; 2 threads asked for',
    });
    engine.dispose();
  });
});

describe('life', () => {
  test('a sum over several blocks is the same for any number of threads', async () => {
    const results: number[] = [];
    for (const threads of [1, 2, 5]) {
      const engine = await createEngine({ math: 'strict', threads });
      const x = engine.arena().tensor('float', [1_000_003]);
      engine.kernels.random_normal(x.pointer, x.size, 1, 0, 0, 0, 0, 1);
      results.push(sum(x)());
      engine.dispose();
    }
    expect(results[0]).not.toBe(0);
    expect(new Set(results).size).toBe(1);
  });

  test('memory grows under the threads', async () => {
    const engine = await createEngine({ threads: 2 });
    for (const side of [64, 256, 700, 1200]) expect(multiply(engine, side)).toBe(side);
    engine.dispose();
  });

  test('disposed twice, and asked for more', async () => {
    const engine = await createEngine({ threads: 2, math: 'strict' });
    const arena = engine.arena();
    const [c, a, b] = [0, 1, 2].map(() => arena.tensor('float', [256, 256]));
    const call = matmul({ c, a, b });
    call();
    engine.dispose();
    engine.dispose();
    // A call that was bound before knows no engine; its pool does.
    expect(call).toThrow(EngineError);
    expect(() => engine.memoryBytes).toThrow(EngineError);
  });

  test('ten engines at once, taking turns', async () => {
    const engines = await Promise.all(Array.from({ length: 10 }, () => createEngine({ threads: 2 })));
    for (let round = 0; round < 3; round++) {
      for (const engine of engines) expect(multiply(engine)).toBe(128);
    }
    for (const engine of engines) engine.dispose();
  });

  test('60 engines leave no worker and no memory behind', async () => {
    const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
    const handles = () => process.getActiveResourcesInfo().filter((name) => /worker|port/i.test(name)).length;
    const threads = () => (existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0);
    const quiet = async () => {
      for (let i = 0; i < 200 && (handles() > 0 || threads() > before); i++) await settle();
    };
    const live = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const engine = await createEngine({ threads: 2, math: 'strict' });
        expect(multiply(engine)).toBe(128);
        engine.dispose();
        if (i % 10 === 9) await settle();
      }
      await quiet();
      return process.memoryUsage().rss;
    };
    // Those of the test before are still on their way out.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = threads();
    const early = await live(20);
    const late = await live(40);
    expect(handles()).toBe(0);
    expect(threads()).toBeLessThanOrEqual(before);
    // An engine that stayed would hold some 3 MiB and its thread's heap: 40 of them, 120 MiB.
    expect((late - early) / 2 ** 20).toBeLessThan(160);
  }, 120_000);
});

describe('a process', () => {
  const entry = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  const script = (body: string) => {
    const code = `import { createEngine } from ${JSON.stringify(`file://${entry}`)};
      const engine = await createEngine({ threads: 2 });
      ${body}`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 30_000,
    });
  };

  test('ends by itself with an idle pool', () => {
    const { status, stdout, stderr } = script('console.log(engine.info.threads)');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '2\n', stderr: '' });
  });

  test('with an idle pool uses no processor', () => {
    const { status, stdout } = script(`
      await new Promise((resolve) => setTimeout(resolve, 100));
      const began = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const { user, system } = process.cpuUsage(began);
      console.log((user + system) / 1000);
    `);
    expect(status).toBe(0);
    // Milliseconds of 500; a thread that kept looking would use them all.
    expect(Number(stdout)).toBeLessThan(100);
  });
});
