/**
 * One coordinator for a queue: a key that says who it is, which the server drops when it is not renewed. Node only.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueConnection } from './connection.js';
import { QueueError } from './error.js';
import { OWNER_KEY } from './protocol.js';

/** Milliseconds until an owner that does not renew its key is gone. */
const EXPIRY = 10_000;
/** Milliseconds between two looks at another owner's key. */
const INTERVAL = 300;

interface Owner {
  readonly token: string;
  readonly study: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
}

/** Renews the key if it is ours; 1 if it is now, 0 if another one's. */
const RENEW = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;
const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

export class Ownership {
  readonly #connection: QueueConnection;
  readonly #text: string;
  readonly #study: string;

  /**
   * Waits for an owner of whom nothing more is heard.
   *
   * @throws QueueError when another coordinator is at work, and the signal's reason.
   */
  static async acquire(
    connection: QueueConnection,
    { study, name }: { study: string; name: string },
    signal?: AbortSignal,
  ): Promise<Ownership> {
    const owner: Owner = { token: randomUUID(), study, name, host: hostname(), pid: process.pid };
    const own = new Ownership(connection, owner);
    let least = Number.POSITIVE_INFINITY;
    let other: string | undefined;
    while (!(await own.#take())) {
      signal?.throwIfAborted();
      const found = (await connection.redis.get(OWNER_KEY)) ?? undefined;
      const left = await connection.redis.pttl(OWNER_KEY);
      // More time than before is left to one that was renewed, or has just come.
      if (found !== undefined && ((other !== undefined && found !== other) || left > least)) {
        throw own.#refused(found);
      }
      other = found ?? other;
      if (left >= 0) least = left;
      await sleep(INTERVAL);
    }
    return own;
  }

  private constructor(connection: QueueConnection, owner: Owner) {
    this.#connection = connection;
    this.#text = JSON.stringify(owner);
    this.#study = owner.study;
  }

  /** Throws QueueError when another coordinator has come, as after the server has forgotten everything. */
  async renew(): Promise<void> {
    if (await this.#take()) return;
    throw this.#refused((await this.#connection.redis.get(OWNER_KEY)) ?? '');
  }

  async release(): Promise<void> {
    await this.#connection.redis.eval(RELEASE, 1, OWNER_KEY, this.#text);
  }

  async #take(): Promise<boolean> {
    return (await this.#connection.redis.eval(RENEW, 1, OWNER_KEY, this.#text, EXPIRY)) === 1;
  }

  #refused(text: string): QueueError {
    const { shown } = this.#connection;
    let other: Partial<Owner> = {};
    try {
      other = JSON.parse(text) as Owner;
    } catch {
      // Of somebody who is no coordinator of ours.
    }
    const { study, name, host, pid } = other;
    const who = `the process ${pid} on ${host}`;
    const expected =
      study === this.#study
        ? `${who} coordinates this study; expected one coordinator at a time`
        : `${who} has another study here, ${name}; expected one at a time, or another database, such as /1`;
    return new QueueError(shown, expected);
  }
}
