/**
 * The HTTP endpoint of a model: `POST /predict`, `GET /health` and `GET /`. What it holds is bounded: bodies and
 * answers by bytes, requests by the queue, connections by number, and each of them by time.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { OptionError } from '../base/errors.js';
import { systemCode } from '../base/files/atomic.js';
import { checkLength, discard, kindOfBody, readBody } from './body.js';
import type { Description } from './description.js';
import { BODY, errorAnswer, RETRY, RequestError, unavailable } from './errors.js';
import type { ServeSettings } from './options.js';
import { descriptionPage } from './page.js';
import { type Answering, type Client, Queue } from './queue.js';
import { type RowsFor, rowOfPicture, rowsOfJson } from './rows.js';

/** Connections at once; more are closed as they come. */
const CONNECTIONS = 1024;

/** Bodies of the largest size, or answers of as many bytes, that are held at once. */
const BODIES = 8;
const LEAST_HELD = 2 ** 20;

/** Bytes that a number has in an answer, with its comma. */
const NUMBER_BYTES = 24;

/** Milliseconds in which a connection may be idle between two requests, and in which overdue ones are found. */
const KEEP_ALIVE = 5000;
const CHECKING = 500;

/** Milliseconds that refused requests have for their answers when a server that is stopped runs out of time. */
const FAREWELL = 250;

/** What is served. */
export interface Served extends Pick<RowsFor, 'model' | 'metadata'> {
  readonly answers: Answering & { dispose(): void };
  readonly description: Description;
}

/** What a server did since it began. */
export interface ServedCounts {
  /** Requests of `/predict` that were answered with predictions, and the rows of these. */
  answered: number;
  rows: number;
  /** Those that were refused, or wrong. */
  refused: number;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly body: string;
  /** For the log. */
  readonly rows?: number;
}

const routes: Readonly<Record<string, readonly string[]>> = {
  '/': ['GET', 'HEAD'],
  '/health': ['GET', 'HEAD'],
  '/predict': ['POST'],
};

export class ModelServer {
  readonly counts: ServedCounts = { answered: 0, rows: 0, refused: 0 };
  readonly #server: Server;
  readonly #settings: ServeSettings;
  readonly #log: ((line: string) => void) | undefined;
  readonly #mostHeld: number;
  /** Bytes of bodies that are here, and of answers that are expected or on their way. */
  #held = 0;
  /** Requests whose bodies are here, and that are not answered yet. */
  #waiting = 0;
  /** Requests of `/predict` that were not refused, and whose answers are not out yet. */
  #accepted = 0;
  #served: Served | undefined;
  #queue: Queue | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  /** Connections on which an answer is on its way. */
  readonly #answering = new WeakSet<Duplex>();

  private constructor(settings: ServeSettings, log: ((line: string) => void) | undefined) {
    const { requestSeconds, maxBody } = settings;
    this.#settings = settings;
    this.#log = log;
    this.#mostHeld = Math.max(BODIES * maxBody, LEAST_HELD);
    const requestTimeout = 1000 * requestSeconds;
    this.#server = createServer({
      requestTimeout,
      headersTimeout: Math.min(requestTimeout, 2 * KEEP_ALIVE),
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: CHECKING,
    });
    this.#server.maxConnections = CONNECTIONS;
    this.#server.on('request', (request, response) => void this.#answer(request, response));
    this.#server.on('checkContinue', (request, response) => {
      const isRefused = Number(request.headers['content-length'] ?? 0) > maxBody;
      if (!isRefused) response.writeContinue();
      else response.shouldKeepAlive = false;
      void this.#answer(request, response);
    });
    this.#server.on('clientError', (error, socket) => this.#refuseSocket(error, socket));
  }

  /**
   * Listens, and says that the model is loading until `load`. Throws OptionError for an address or a port that it
   * cannot have.
   */
  static async listen(
    where: string,
    settings: ServeSettings,
    log?: (line: string) => void,
  ): Promise<ModelServer> {
    const server = new ModelServer(settings, log);
    const { host, port } = settings;
    try {
      server.#server.listen({ host, port });
      await once(server.#server, 'listening');
    } catch (cause) {
      const code = systemCode(cause);
      const problem =
        code === 'EADDRINUSE'
          ? `port ${port} of ${host} is taken; another one, or 0 for any that is free`
          : `cannot listen on port ${port} of ${host} (${code ?? (cause as Error).message})`;
      throw new OptionError(where, problem, { cause });
    }
    return server;
  }

  /** From now on it predicts. The answers are disposed of when it is closed. */
  load(served: Served): void {
    this.#served = served;
    this.#queue = new Queue(served.answers);
  }

  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /**
   * Finishes what it has accepted, for at most `stopSeconds`, and refuses the rest; then no connection is left.
   * Called again, it waits for the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { stopSeconds } = this.#settings;
    const closed = once(this.#server, 'close');
    this.#server.closeIdleConnections();
    if (this.#accepted > 0) {
      await within(1000 * stopSeconds, (done) => {
        this.#onIdle = done;
      });
    }
    this.#queue?.refuseAll('the server is stopping');
    this.#server.close();
    this.#server.closeIdleConnections();
    await within(FAREWELL, (done) => void closed.then(done));
    this.#server.closeAllConnections();
    await closed;
    this.#served?.answers.dispose();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const client = { gone: false };
    const socket = request.socket;
    this.#answering.add(socket);
    response.on('close', () => {
      this.#answering.delete(socket);
      client.gone = true;
    });
    // Errors of a connection that is gone: there is nobody to tell.
    response.on('error', () => {});
    let answer: Answer;
    try {
      answer = await this.#route(request, response, client);
    } catch (error) {
      answer = errorAnswer(error);
      if (answer.status === 500) this.#log?.(`failed: ${(error as Error)?.stack ?? String(error)}`);
    }
    this.#send(request, response, answer);
    if (!this.#log) return;
    const status = client.gone ? 'gone' : answer.status;
    const rows = answer.rows === undefined ? '' : ` ${answer.rows} rows`;
    const took = `${(performance.now() - began).toFixed(1)} ms`;
    const path = (request.url ?? '').slice(0, 200);
    this.#log(`${new Date().toISOString()} ${request.method} ${path} ${status}${rows} ${took}`);
  }

  async #route(request: IncomingMessage, response: ServerResponse, client: Client): Promise<Answer> {
    const [path] = (request.url ?? '').split('?', 1);
    const methods = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!methods) {
      throw new RequestError('path', 404, `expected one of ${Object.keys(routes).join(', ')}`);
    }
    if (!methods.includes(request.method ?? '')) {
      const allow = methods.join(', ');
      throw new RequestError(path, 405, `expected the method ${allow}, given ${request.method}`, { allow });
    }
    if (path === '/health') return this.#health();
    if (path === '/predict') return this.#predict(request, response, client);
    const { description } = this.#ready();
    if (!(request.headers.accept ?? '').includes('text/html')) {
      return { status: 200, body: JSON.stringify(description) };
    }
    return { status: 200, type: 'text/html; charset=utf-8', body: descriptionPage(description) };
  }

  #health(): Answer {
    const { queue } = this.#settings;
    const isFull = this.#waiting >= queue || this.#held >= this.#mostHeld;
    const status = this.#closing ? 'stopping' : !this.#served ? 'loading' : isFull ? 'queue full' : 'ready';
    return {
      status: status === 'ready' ? 200 : 503,
      ...(status !== 'ready' && { headers: RETRY }),
      body: JSON.stringify({ status, waiting: this.#waiting, queue }),
    };
  }

  async #predict(request: IncomingMessage, response: ServerResponse, client: Client): Promise<Answer> {
    try {
      const { model, metadata, description } = this.#ready();
      const { maxRows, maxBody } = this.#settings;
      const kind = kindOfBody(request, description.contentTypes);
      checkLength(request, maxBody);
      this.#checkQueue();
      this.#accept(response);
      const hold = this.#holder(response);
      const bytes = await readBody(request, maxBody, hold);
      this.#checkQueue();
      this.#waiting++;
      try {
        const wanted = { model, metadata, maxRows };
        const source = kind === 'json' ? await rowsOfJson(bytes, wanted) : await rowOfPicture(bytes, wanted);
        const expected = NUMBER_BYTES * source.rows * (model.outputSize + 2);
        if (expected > this.#mostHeld) {
          throw new RequestError(
            BODY,
            413,
            `its ${source.rows} rows have too large an answer; ask for fewer`,
          );
        }
        hold(expected);
        const answers = await this.#queue!.answer(source, client);
        this.counts.answered++;
        this.counts.rows += source.rows;
        const names = description.classNames ? `,"classNames":${JSON.stringify(description.classNames)}` : '';
        const target = description.target ? `,"target":${JSON.stringify(description.target)}` : '';
        const strange = source.notes?.() ?? [];
        const notes = strange.length > 0 ? `,"notes":${JSON.stringify(strange)}` : '';
        const body = `{"predictions":[${answers.join(',')}]${names}${target}${notes}}`;
        return { status: 200, body, rows: source.rows };
      } finally {
        this.#waiting--;
      }
    } catch (error) {
      this.counts.refused++;
      throw error;
    }
  }

  /** Throws RequestError with status 503 while there is nothing to predict with, or no more. */
  #ready(): Served {
    if (this.#closing) throw unavailable('server', 'it is stopping');
    if (!this.#served) throw unavailable('server', 'the model is loading');
    return this.#served;
  }

  #checkQueue(): void {
    const { queue } = this.#settings;
    if (this.#waiting >= queue) throw unavailable('server', `${queue} requests wait already`);
  }

  #accept(response: ServerResponse): void {
    this.#accepted++;
    response.on('close', () => {
      this.#accepted--;
      if (this.#accepted === 0) this.#onIdle?.();
    });
  }

  /** Counts bytes that are held until the answer is out. */
  #holder(response: ServerResponse): (bytes: number) => void {
    let own = 0;
    let isOut = false;
    response.on('close', () => {
      isOut = true;
      this.#held -= own;
    });
    return (bytes) => {
      if (isOut) return;
      if (this.#held + bytes > this.#mostHeld) {
        throw unavailable('server', 'too many bytes of requests and answers are held already');
      }
      this.#held += bytes;
      own += bytes;
    };
  }

  #send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    if (response.destroyed || response.closed) return;
    const body = Buffer.from(answer.body);
    // Who did not get to send its body, or is to go elsewhere, cannot use the connection again.
    if (this.#closing || (answer.status >= 400 && request.headers.expect)) response.shouldKeepAlive = false;
    response.writeHead(answer.status, {
      'content-type': answer.type ?? 'application/json; charset=utf-8',
      'content-length': body.length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(answer.type && { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" }),
      ...answer.headers,
    });
    response.end(body);
    discard(request);
    // One who does not read cannot keep what was written.
    const overdue = setTimeout(() => response.destroy(), 1000 * this.#settings.requestSeconds);
    response.on('close', () => clearTimeout(overdue));
  }

  /** What is no HTTP, and what took too long. */
  #refuseSocket(error: NodeJS.ErrnoException, socket: Duplex): void {
    const isOver = socket.destroyed || !socket.writable || error.code === 'ECONNRESET';
    if (isOver || this.#answering.has(socket)) {
      socket.destroy();
      return;
    }
    const [status, reason, message] =
      error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout', 'the request took too long']
        : error.code === 'HPE_HEADER_OVERFLOW'
          ? [431, 'Request Header Fields Too Large', 'the headers are too large']
          : [400, 'Bad Request', 'expected a request of HTTP/1.1'];
    const body = errorAnswer(new RequestError('request', Number(status), String(message))).body;
    const head = [
      `HTTP/1.1 ${status} ${reason}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ];
    (socket as Socket).end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  }
}

/** Waits for `done` to be called, and no longer than so many milliseconds. */
function within(milliseconds: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
