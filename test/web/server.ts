/** A file server for tests of pages: folders by path prefix, and the headers that a test is about. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/** Headers that make a page cross-origin isolated, so that it may share memory. */
export const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/**
 * A page's `load.js`, by which functions of drivers import: what they import by themselves may be in a world
 * beside the page's, where its policy does not hold.
 */
export const load = 'globalThis.load = (path) => import(path);';

interface Mount {
  /** A folder, or texts by the path within. */
  readonly from: string | Readonly<Record<string, string | Uint8Array>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WebServer {
  readonly origin: string;
  /** Serves `from` under `/prefix/`; returns its address. */
  mount(prefix: string, mount: Mount): string;
  close(): Promise<void>;
}

/** On a free port of this machine. */
export async function startServer(): Promise<WebServer> {
  const mounts = new Map<string, Mount>();
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [, prefix, ...rest] = pathname.split('/');
    const mount = mounts.get(prefix);
    if (mount) return void send(response, mount, decodeURIComponent(rest.join('/')));
    // What a page asks for without being told to is no mistake of the page's.
    response.writeHead(prefix === 'favicon.ico' ? 204 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    mount(prefix, mount) {
      mounts.set(prefix, mount);
      return `${origin}/${prefix}/`;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function send(response: ServerResponse, { from, headers }: Mount, path: string): Promise<void> {
  const name = path === '' || path.endsWith('/') ? `${path}index.html` : path;
  try {
    const body = typeof from === 'string' ? await readFile(join(from, normalize(`/${name}`))) : from[name];
    if (body === undefined) throw new Error('no such file');
    const type = types[extname(name)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', ...headers }).end(body);
  } catch {
    response
      .writeHead(404, { ...headers, 'content-type': 'text/html' })
      .end('<!doctype html><title>404</title>');
  }
}
