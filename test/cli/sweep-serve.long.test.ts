/** `lanegrad sweep --serve`: a page while the sweep runs, here or in another process, and until Ctrl-C. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lanegrad, start } from './command.js';
import { writeToy } from './toy.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-sweep-serve-'));
  await writeToy(join(root, 'toy'), { train: 480 });
  const study = {
    objective: { data: 'toy', settings: { epochs: 9, batchSize: 16, hidden: [4] } },
    space: { learningRate: { kind: 'number', low: 1e-3, high: 2, log: true } },
    ...{ sampler: 'random', trials: 500 },
  };
  await writeFile(join(root, 'sweep.json'), JSON.stringify(study));
});
afterAll(() => rm(root, { recursive: true }));

/** A command, and where its page is once it is there. */
async function served(args: readonly string[]) {
  const running = start(root, ['sweep', ...args, '--serve', '0']);
  let text = '';
  running.child.stdout!.on('data', (part: string) => {
    text += part;
  });
  await running.printed(/^page {2}http:\/\/127\.0\.0\.1:\d+\/$/m);
  return { ...running, url: /^page {2}(.*)$/m.exec(text)![1]! };
}

/** The page, once it has this in it. */
async function pageWith(url: string, pattern: RegExp): Promise<string> {
  for (;;) {
    const text = await (await fetch(url)).text();
    if (pattern.test(text)) return text;
  }
}

it('shows the sweep here and in another process, and Ctrl-C ends each of them', async () => {
  const sweep = await served(['sweep.json', '--out', 'study', '--workers', '1', '--quiet']);
  const page = await pageWith(sweep.url, /of trial \d/);
  expect(page).toContain('of 500\u00a0trials have ended');
  expect(page).toContain('<pre class="command">lanegrad train toy');
  const events = fetch(`${sweep.url}events`).then((response) => response.text());

  const watch = await served(['status', 'study']);
  expect(await pageWith(watch.url, /of trial \d/)).not.toContain('was stopped');
  watch.child.kill('SIGINT');
  expect((await watch.outcome).code).toBe(130);
  // The sweep itself goes on.
  await pageWith(sweep.url, /Under way/);

  sweep.child.kill('SIGINT');
  const { code, stdout } = await sweep.outcome;
  expect(code).toBe(130);
  expect(stdout).toMatch(/^go on with {2}lanegrad sweep resume study$/m);
  const last = await events;
  expect(last).toContain('lanegrad sweep resume study');
  expect(last.endsWith('event: end\ndata: \n\n')).toBe(true);
  await expect(fetch(sweep.url)).rejects.toThrow();
  expect(await readFile(join(root, 'study', 'sweep.html'), 'utf8')).toContain('are open');
});

it.each<[string, string[], RegExp]>([
  [
    'a port that is none',
    ['sweep.json', '--out', 'bad', '--serve', '70000'],
    /--serve \[port\].* whole number/,
  ],
  [
    'an address that is not of this machine',
    ['sweep.json', '--out', 'bad', '--serve', '--host', '203.0.113.1'],
    /serve: 203\.0\.113\.1, port 8384: it is no address of this machine/,
  ],
  ['a study that is not there', ['status', 'nowhere', '--serve'], /journal\.log: cannot be read/],
])('refuses %s', async (_, args, message) => {
  const { code, stderr } = await lanegrad(root, ['sweep', ...args]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(message);
});
