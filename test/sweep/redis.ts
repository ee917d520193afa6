/**
 * A Redis of a test's own, on a free port and in a folder of its own. In CI it must be there; elsewhere such tests are
 * skipped without it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { findProgram } from '../programs.js';

const executable = findProgram('redis-server', 'valkey-server');

/** Whether to skip for want of a server. Never in CI: there the start fails instead. */
export const noRedis = executable === undefined && !process.env.CI;

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** For looking into it. */
  readonly client: Redis;
  /** Kills it with what it has in memory; what it has on disk, if anything, stays. */
  stop(): Promise<void>;
  /** Starts it again, at the same port. */
  start(): Promise<void>;
  /** Ends it for good. */
  close(): Promise<void>;
}

/** @param flags more of the server's, such as `--appendonly yes`. */
export async function startRedis(folder: string, flags: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort();
  let server: ChildProcess | undefined;
  const start = async () => {
    const own = spawn(
      executable ?? 'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...flags],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    server = own;
    await new Promise<void>((resolve, reject) => {
      own.on('error', reject).on('exit', (code) => reject(new Error(`Redis ended with status ${code}`)));
      own.stdout.on('data', (text: Buffer) => {
        if (/ready to accept connections/i.test(String(text))) resolve();
      });
    });
  };
  const stop = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  await start();
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null, disconnectTimeout: 200 });
  client.on('error', () => {});
  const close = async () => {
    client.disconnect();
    await stop();
  };
  return { url: `redis://127.0.0.1:${port}`, port, client, stop, start, close };
}

/** What a sweep has left, but for words to late workers, which pass. */
export async function keysLeft(client: Redis): Promise<string[]> {
  return (await client.keys('lanegrad:*')).filter((key) => !key.startsWith('lanegrad:cancel:'));
}

/** A port at which nobody listens. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
