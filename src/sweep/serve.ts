/**
 * A sweep's page over HTTP, kept in step while the sweep runs. Whoever looks at it costs the sweep a part of
 * its time that is bounded; when nobody does, nothing is drawn. Node only.
 *
 *   GET /         the page as it is now
 *   GET /events   the parts of it that have changed since, as they change (server-sent events)
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { liveScript } from '../../build/report.js';
import { OptionError } from '../base/errors.js';
import { inlineScript } from '../report/escape.js';
import { navigation } from '../report/page.js';
import type { Uplot } from '../report/types.js';
import { type SweepPage, type SweepReport, sweepPage, sweepSummary, wholePage } from './report/page.js';

/** Shown before there is a study. */
const NOT_YET = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>lanegrad sweep</title>
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"></head>
<body><main><h1>The sweep is being prepared</h1><p>This page shows it as soon as it begins.</p></main></body></html>
`;

/** Milliseconds between two looks at what has changed. */
const INTERVAL = 1000;
/** Drawing everything takes at most this part of the processor's time, unless that would take too long. */
const SHARE = 0.02;
/** Milliseconds from one drawing to the next, at most. */
const PATIENCE = 10_000;
/** Pages that are open at a time. */
const MOST_READERS = 32;

/** What the system says in its own words. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'it may not be listened at; expected a port from 1024 on',
  EADDRNOTAVAIL: 'it is no address of this machine',
  ENOTFOUND: 'there is no machine of this name',
};

/** Of a browser that looks on. */
interface Reader {
  readonly response: ServerResponse;
  /** The parts as it has them. */
  readonly parts: Map<string, string>;
}

/** What was drawn; when, and how long the processor took, in milliseconds. */
interface Drawing {
  readonly page: SweepPage;
  readonly at: number;
  readonly took: number;
}

export interface ServerOptions {
  /** The address to listen at. */
  readonly host: string;
  /** Another one is taken where this is taken already; 0 for any. */
  readonly port: number;
  readonly uplot: Uplot;
  /** The study as it is now; undefined before it is opened. */
  readonly report: () => SweepReport | undefined;
}

export class SweepServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #readers = new Set<Reader>();
  readonly #policy: string;
  readonly #timer: NodeJS.Timeout;
  #drawn: Drawing | undefined;
  #port = 0;
  #changed = true;
  #closed = false;

  /** Throws OptionError when it cannot listen there. */
  static async open(options: ServerOptions): Promise<SweepServer> {
    const { host, port } = options;
    // Which would be everywhere.
    if (host.trim() === '') throw new OptionError('serve', 'host: expected an address, given none');
    const server = new SweepServer(options);
    try {
      await server.#listen(port).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE' || port === 0) throw error;
        return server.#listen(0);
      });
    } catch (cause) {
      clearInterval(server.#timer);
      const { code, message } = cause as NodeJS.ErrnoException;
      const reason = reasons[code ?? ''] ?? message;
      throw new OptionError('serve', `${host}, port ${port}: ${reason}`, { cause });
    }
    return server;
  }

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => this.#answer(request, response));
    const digest = createHash('sha256').update(inlineScript(liveScript).text).digest('base64');
    this.#policy = [
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'",
      `script-src 'sha256-${digest}'`,
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ].join('; ');
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref();
  }

  /** Where it is. */
  get url(): string {
    const { host } = this.#options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}/`;
  }

  /** Something of the study is not as it was. */
  change(): void {
    this.#changed = true;
  }

  /** Tells those that look on the last of it, and ends. Twice is fine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    if (this.#readers.size > 0) {
      const drawn = this.#draw();
      for (const reader of this.#readers) {
        if (drawn) this.#tell(reader, drawn.page, true);
        reader.response.end('event: end\ndata: \n\n');
      }
    }
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      // What has been said is on its way; a reader that takes none of it is not waited for.
      setTimeout(() => this.#server.closeAllConnections(), INTERVAL).unref();
      this.#server.closeIdleConnections();
    });
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.#options.host, () => {
        this.#server.off('error', reject);
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [path] = (request.url ?? '').split('?', 1);
    const refuse = (status: number, text: string, headers: Record<string, string> = {}) => {
      response.writeHead(status, { ...this.#headers('text/plain'), ...headers }).end(`${text}\n`);
    };
    if (!this.#isMeant(request)) refuse(403, 'this name is not the one that is served');
    else if (request.method !== 'GET') refuse(405, 'only GET is known here', { allow: 'GET' });
    else if (path === '/') this.#show(response);
    else if (path !== '/events') refuse(404, 'there is nothing here');
    else if (this.#readers.size >= MOST_READERS) refuse(503, 'too many pages are open');
    else this.#follow(request, response);
  }

  #show(response: ServerResponse): void {
    const page = this.#drawnLately()?.page;
    const text = page ? wholePage(page, this.#options.uplot, liveScript) : NOT_YET;
    response.writeHead(200, this.#headers('text/html')).end(text);
  }

  /**
   * A page elsewhere could have its own name lead to this address, and read the answer: whoever listens on
   * this machine alone is asked for by its address.
   */
  #isMeant({ headers }: IncomingMessage): boolean {
    const { host } = this.#options;
    if (!/^(127\.|::1$|localhost$)/.test(host)) return true;
    const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    return name === 'localhost' || name === '::1' || name === host || /^127(\.\d+){3}$/.test(name);
  }

  #headers(type: string): Record<string, string> {
    return {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'no-store',
      'content-security-policy': this.#policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      // So that nothing is open still when the sweep is over.
      connection: 'close',
    };
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, this.#headers('text/event-stream'));
    const reader: Reader = { response, parts: new Map() };
    this.#readers.add(reader);
    request.on('close', () => this.#readers.delete(reader));
    const drawn = this.#drawnLately();
    if (drawn) this.#tell(reader, drawn.page, true);
  }

  /** Tells what has changed; the drawings more rarely, the longer they take. */
  #look(): void {
    if (this.#readers.size === 0) return;
    const before = this.#drawn;
    const drawn = this.#drawnLately();
    const isNew = drawn !== before;
    const report = isNew ? undefined : this.#options.report();
    const page = isNew ? drawn?.page : report && sweepSummary(report);
    if (!page) return;
    for (const reader of this.#readers) {
      // One that is slow gets what there is when it has taken what it was told.
      if (!reader.response.writableNeedDrain) this.#tell(reader, page, isNew);
    }
  }

  /** What was drawn last, or is drawn now where that is so long ago that it may be. */
  #drawnLately(): Drawing | undefined {
    const drawn = this.#drawn;
    if (!drawn) return this.#draw();
    const isDue = performance.now() - drawn.at >= Math.min(PATIENCE, drawn.took / SHARE);
    return this.#changed && isDue ? this.#draw() : drawn;
  }

  #draw(): Drawing | undefined {
    const before = process.cpuUsage();
    const report = this.#options.report();
    if (!report) return undefined;
    this.#changed = false;
    const page = sweepPage(report);
    // Not by the clock: a sweep has all cores at work.
    const { user, system } = process.cpuUsage(before);
    this.#drawn = { page, at: performance.now(), took: (user + system) / 1000 };
    return this.#drawn;
  }

  /** @param isWhole whether these are all parts there are. */
  #tell({ response, parts }: Reader, { title, header, sections }: SweepPage, isWhole: boolean): void {
    const all: (readonly [string, string])[] = [
      ['header', header.text],
      ...(isWhole ? [['nav', navigation(sections.map(([link]) => link)).text] as const] : []),
      ...sections.map(([{ id }, { text }]) => [id, text] as const),
    ];
    const changed = all.filter(([key, text]) => parts.get(key) !== text);
    for (const [key, text] of changed) parts.set(key, text);
    const order = all.map(([key]) => key);
    const message = { title, parts: changed, ...(isWhole && { order }) };
    if (changed.length > 0) response.write(`data: ${JSON.stringify(message)}\n\n`);
  }
}
