/** The page of a sweep over HTTP: what is answered, to whom, and how it ends. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { LOCK_FILE } from '../../src/base/files/lock.js';
import { loadUplot } from '../../src/report/node.js';
import type { SweepReport } from '../../src/sweep/report/page.js';
import { type ServerOptions, SweepServer } from '../../src/sweep/serve.js';
import { sweep } from '../../src/sweep/sweep.js';
import type { Trial } from '../../src/sweep/trial.js';
import { StudyWatch } from '../../src/sweep/watch.js';

const uplot = await loadUplot();
const space = { rate: { kind: 'number', low: 0, high: 1 } } as const;

function trial(number: number, state: Trial['state'] = 'complete'): Trial {
  const reports = [
    { step: 1, value: 2 },
    { step: 2, value: 1 },
  ];
  const values = state === 'complete' ? [0.5 / (number + 1)] : undefined;
  return {
    ...{ number, state, settings: { rate: 0.01 * (number + 1) }, reports, attributes: {} },
    ...(values && { values }),
  };
}

const report = (trials: readonly Trial[], live: Partial<SweepReport['live']> = {}): SweepReport => ({
  ...{ name: 'runs/first', createdAt: '2026-01-01T00:00:00Z', total: 9, trials },
  definition: {
    ...{ space, directions: ['minimize'], sampler: { kind: 'random' }, pruner: { kind: 'none' } },
    ...{ seed: 1, lag: 4 },
  },
  live: { state: 'running', folder: 'runs/first', ...live },
});

let open: SweepServer[] = [];
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
});

async function serve(options: Partial<ServerOptions> = {}): Promise<SweepServer> {
  const server = await SweepServer.open({
    ...{ host: '127.0.0.1', port: 0, uplot, report: () => report([trial(0)]) },
    ...options,
  });
  open.push(server);
  return server;
}

/** As nobody but a program would ask. */
function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>(
    (resolve, reject) => {
      request(url, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      })
        .on('error', reject)
        .end();
    },
  );
}

interface Message {
  title: string;
  parts: [string, string][];
  order?: string[];
}

/** The messages as they come; `end` when the server says so. */
async function follow(url: string) {
  const response = await fetch(`${url}events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    response,
    async next(): Promise<Message | 'end' | undefined> {
      while (!text.includes('\n\n')) {
        const { value, done } = await reader.read();
        if (done) return undefined;
        text += value;
      }
      const end = text.indexOf('\n\n');
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      return event.startsWith('event: end') ? 'end' : (JSON.parse(event.slice('data: '.length)) as Message);
    },
  };
}

describe('the server', () => {
  it('shows the page, and forbids it to ask anybody else', async () => {
    const { url } = await serve();
    const { status, headers, text } = await ask(url);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; .*connect-src 'self'; script-src 'sha256-[\w+/=]{44}'; .*frame-ancestors 'none'$/,
    );
    expect(text).toContain('<section id="progress">');
    expect(text).toMatch(/1 of 9\u00a0trials have ended\. The best so far is 0\.5, of trial 0\./);
    expect(text).not.toMatch(/https?:\/\//);
  });

  it.each<[string, string, object, number]>([
    ['another path', 'sweep.html', {}, 404],
    ['a path that goes up', '../../etc/passwd', {}, 404],
    ['a file of the study', 'journal.log', {}, 404],
    ['POST', '', { method: 'POST' }, 405],
    ['HEAD', '', { method: 'HEAD' }, 405],
    ['PUT of an unknown path', 'x', { method: 'PUT' }, 405],
    ['the name of another host', '', { headers: { host: 'evil.example:80' } }, 403],
    ['this machine by its name', '', { headers: { host: 'localhost:80' } }, 200],
    ['a query', '?a=b', {}, 200],
  ])('answers %s', async (_, path, options, expected) => {
    const { url } = await serve();
    const { status, headers } = await ask(`${url}${path}`, options);
    expect(status).toBe(expected);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('takes another port where its own is taken, and says where it cannot be', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const server = await serve({ port });
    expect(server.url).not.toContain(`:${port}/`);
    expect((await ask(server.url)).status).toBe(200);
    other.close();
    const nowhere = { host: '203.0.113.1', port: 0, uplot, report: () => undefined };
    await expect(SweepServer.open(nowhere)).rejects.toThrow(OptionError);
    await expect(SweepServer.open(nowhere)).rejects.toThrow(
      /serve: 203\.0\.113\.1, port 0: it is no address/,
    );
  });

  it.each(['', ' '])('is nowhere where no address is said, which would be everywhere: %j', async (host) => {
    const open = SweepServer.open({ host, port: 0, uplot, report: () => undefined });
    await expect(open).rejects.toThrow(/serve: host: expected an address, given none/);
  });

  it('has a page before there is a study', async () => {
    let known = false;
    const { url } = await serve({ report: () => (known ? report([]) : undefined) });
    expect((await ask(url)).text).toContain('being prepared');
    known = true;
    expect((await ask(url)).text).toContain('<section id="progress">');
  });

  it('tells what has changed, and no more, until the end', async () => {
    let now = report([trial(0), trial(1, 'running')]);
    const server = await serve({ report: () => now });
    const { next, response } = await follow(server.url);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const first = (await next()) as Message;
    expect(first.order!.slice(0, 4)).toEqual(['header', 'nav', 'progress', 'best']);
    expect(first.parts.map(([key]) => key)).toEqual(first.order);
    expect(first.title).toBe('1/9 – runs/first – lanegrad sweep report');
    now = report([trial(0), trial(1, 'running')], { secondsLeft: 100 });
    const second = (await next()) as Message;
    expect(second.parts.map(([key]) => key)).toEqual(['progress']);
    expect(second.parts[0]![1]).toContain('About 1\u00a0min 40\u00a0s left.');
    now = report([trial(0), trial(1)], { state: 'stopped' });
    server.change();
    const closed = server.close();
    const third = (await next()) as Message;
    const keys = third.parts.map(([key]) => key);
    expect(keys).toEqual(expect.arrayContaining(['header', 'progress', 'best', 'history', 'trials']));
    expect(keys).not.toContain('study');
    expect(third.parts.find(([key]) => key === 'progress')![1]).toContain(
      '<code>lanegrad sweep resume runs/first</code>',
    );
    expect(await next()).toBe('end');
    expect(await next()).toBeUndefined();
    await closed;
    await expect(ask(server.url)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('a study of another process', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lanegrad-watch-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read again when its journal grows, and tells whether anybody is at work', async () => {
    const way = { objective: () => 1, space, folder, sampler: 'random' } as const;
    let watch: StudyWatch | undefined;
    await sweep({
      ...{ ...way, trials: 4 },
      async objective({ number }) {
        watch ??= await StudyWatch.open(folder);
        expect(await watch.refresh()).toBe(number > 0);
        const { live, trials, total } = watch.report;
        expect([live!.state, trials.length, total]).toEqual(['running', number + 1, 4]);
        return 1;
      },
    });
    expect(await watch!.refresh()).toBe(true);
    expect(await watch!.refresh()).toBe(false);
    expect(watch!.report.live!.state).toBe('over');
    await sweep({ ...way, trials: 6 });
    // As a process leaves a study that is killed before its last trial.
    const journal = join(folder, 'journal.log');
    const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n');
    await writeFile(journal, `${lines.slice(0, -1).join('\n')}\n`);
    await writeFile(join(folder, LOCK_FILE), '{}');
    await watch!.refresh();
    expect(watch!.report.live!.state).toBe('running');
    await utimes(join(folder, LOCK_FILE), new Date(), new Date(Date.now() - 11_000));
    expect(await watch!.refresh()).toBe(true);
    expect(watch!.report.live!.state).toBe('stopped');
  });
});
