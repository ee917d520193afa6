/**
 * A queue's server: Redis or Valkey. The only file that loads BullMQ and its client, ioredis: they are optional, and
 * whoever uses no queue needs neither. Node only.
 */
import type { Job, Queue, QueueEvents, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { OptionError } from '../../base/errors.js';
import { didYouMean } from '../../base/options.js';
import { QueueError } from './error.js';

export type { Job, Queue, QueueEvents, Redis, Worker };

/** Milliseconds until a server that does not answer at the beginning is taken for none. */
const PATIENCE = 5000;
/** Milliseconds between two tries to reach a server that was lost, at most. */
const LONGEST_PAUSE = 1000;
/** Milliseconds that a farewell may take, which a server that is lost does not answer. */
const FAREWELL = 2000;

const SCHEMES = ['redis:', 'rediss:', 'valkey:', 'valkeys:'];

type RedisOptions = Omit<import('ioredis').RedisOptions, 'replyMapping'>;

interface Address {
  readonly options: RedisOptions;
  /** Without the password. */
  readonly shown: string;
}

/** Throws OptionError for what is no URL of a queue. A message never has the password. */
export function readAddress(where: string, url: string): Address {
  const expected = 'expected a URL such as redis://host:6379 or rediss://user:password@host:6379/0';
  let found: URL;
  try {
    found = new URL(url);
  } catch {
    throw new OptionError(where, `queue: ${expected}`);
  }
  const { protocol, hostname, port, pathname, username, password } = found;
  if (!SCHEMES.includes(protocol)) {
    const hint = didYouMean(protocol.slice(0, -1), ['redis', 'rediss', 'valkey', 'valkeys']);
    throw new OptionError(where, `queue: ${expected}, given one that begins with ${protocol}${hint}`);
  }
  const database = /^\/?(\d{0,5})$/.exec(pathname)?.[1];
  if (hostname === '' || database === undefined) throw new OptionError(where, `queue: ${expected}`);
  const plain = (text: string, name: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      // Not as its cause, which has the text.
      throw new OptionError(where, `queue: expected the ${name} with %25 for %, and codes such as %40 for @`);
    }
  };
  const isSecure = protocol === 'rediss:' || protocol === 'valkeys:';
  // Brackets stand around the addresses of IPv6.
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const options: RedisOptions = {
    ...{ host, port: port === '' ? 6379 : Number(port), db: Number(database || 0), protocol: 2 },
    ...(username !== '' && { username: plain(username, 'user') }),
    ...(password !== '' && { password: plain(password, 'password') }),
    ...(isSecure && { tls: {} }),
    // The client waits so long for a socket that has ended already.
    disconnectTimeout: 200,
  };
  const user = username === '' ? '' : `${username}@`;
  return { options, shown: `${protocol}//${user}${hostname}:${options.port}/${options.db}` };
}

/** A connection to a queue's server. One that is lost later is tried again until it is back, with a message of both. */
export class QueueConnection {
  /** The URL without a password. */
  readonly shown: string;
  /** For what is kept there beside jobs. What is asked of it while the server is lost waits. */
  readonly redis: Redis;
  readonly #bullmq: typeof import('bullmq');
  /** Those too that BullMQ makes for what blocks. */
  readonly #clients: Redis[] = [];
  readonly #closing: (() => Promise<unknown>)[] = [];
  #closed = false;

  /**
   * @throws OptionError for a URL that is none, and where BullMQ or ioredis are not installed; QueueError when the
   * server does not answer within five seconds, or does not let us in.
   */
  static async open(
    where: string,
    url: string,
    onMessage: (text: string) => void = () => {},
  ): Promise<QueueConnection> {
    const { options, shown } = readAddress(where, url);
    const [bullmq, ioredis] = await load(where);
    await probe(new ioredis.Redis({ ...options, ...ONCE }), shown, options.db ?? 0);
    const redis = new ioredis.Redis({
      ...options,
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(100 * times, LONGEST_PAUSE),
    });
    return new QueueConnection(shown, redis, bullmq, onMessage);
  }

  private constructor(
    shown: string,
    redis: Redis,
    bullmq: typeof import('bullmq'),
    onMessage: (text: string) => void,
  ) {
    this.shown = shown;
    this.redis = redis;
    this.#bullmq = bullmq;
    this.#keep(redis);
    let lost = false;
    redis.on('close', () => {
      if (lost || this.#closed) return;
      lost = true;
      onMessage(`the queue ${shown} is lost; trying to reach it again`);
    });
    redis.on('ready', () => {
      if (lost) onMessage(`the queue ${shown} is back`);
      lost = false;
    });
  }

  get isReady(): boolean {
    return this.redis.status === 'ready';
  }

  queue(name: string): Queue {
    return this.#closeLater(new this.#bullmq.Queue(name, { connection: this.redis }));
  }

  /** What happens to the jobs of a queue, wherever that is. */
  events(name: string): QueueEvents {
    return this.#closeLater(new this.#bullmq.QueueEvents(name, { connection: this.redis }));
  }

  worker(
    name: string,
    work: (job: Job, token: string) => Promise<unknown>,
    options: Omit<import('bullmq').WorkerOptions, 'connection'>,
  ): Worker {
    const process = (job: Job, token = '') => work(job, token);
    return this.#closeLater(new this.#bullmq.Worker(name, process, { connection: this.redis, ...options }));
  }

  /** Puts a job back into the queue, for another worker. To be thrown by the one who has it, once it is there. */
  async giveBack(job: Job, token: string): Promise<Error> {
    await job.moveToWait(token);
    return new this.#bullmq.WaitingError();
  }

  /** Twice is fine. Waits no longer than a moment for a server that is lost. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const ready = this.isReady;
    const all = Promise.allSettled(this.#closing.map((close) => close()));
    if (ready) await within(FAREWELL, all);
    for (const client of this.#clients) client.disconnect();
  }

  #closeLater<T extends Queue | QueueEvents | Worker>(own: T): T {
    // What goes wrong with the server is said once, by the connection.
    (own as Queue).on('error', () => {});
    this.#closing.push(() => own.close());
    return own;
  }

  #keep(client: Redis): void {
    this.#clients.push(client);
    client.on('error', () => {});
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (options) => {
      const copy = duplicate(options);
      this.#keep(copy);
      return copy;
    };
  }
}

/** Resolves when `done` does, or after so many milliseconds. */
export async function within(milliseconds: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([done.catch(() => {}), late]);
  clearTimeout(timer);
}

async function load(where: string) {
  try {
    return await Promise.all([import('bullmq'), import('ioredis')]);
  } catch (cause) {
    const expected = 'expected BullMQ and ioredis, which are optional: npm install bullmq ioredis';
    throw new OptionError(where, `queue: ${expected}`, { cause });
  }
}

const ONCE: RedisOptions = {
  lazyConnect: true,
  connectTimeout: PATIENCE,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
};

/** Throws QueueError when the server does not answer or does not let us in. */
async function probe(client: Redis, shown: string, database: number): Promise<void> {
  let first: Error | undefined;
  client.on('error', (error) => {
    first ??= error;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), PATIENCE);
  });
  try {
    // Where there is no such database the client stays at 0, and says nothing.
    await Promise.race([client.connect().then(() => client.select(database)), late]);
  } catch (error) {
    // Not as its cause: what the client says of a refused login has the password in it.
    throw new QueueError(
      shown,
      `cannot be reached: ${reason(first ?? error)}; expected Redis or Valkey there`,
    );
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nobody listens there'],
  ['ENOTFOUND', 'there is no such host'],
  ['EAI_AGAIN', 'the name of the host cannot be looked up'],
  ['ETIMEDOUT', 'no answer'],
  ['ECONNRESET', 'it hung up'],
]);

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (/WRONGPASS|NOAUTH|invalid.*password/i.test(message)) return 'it wants another user or password';
  if (/DB index is out of range/i.test(message)) return 'it has no database of this number';
  if (/RESP|Protocol error/i.test(message)) return 'what answers there speaks otherwise';
  return REASONS.get(code ?? '') ?? message;
}
