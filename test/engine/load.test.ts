/**
 * Where kernels may come from: addresses, answers, bytes, modules, the embedded text; and what is said when
 * it is none of them.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { EngineError, FileError, FormatError, KernelError, OptionError } from '../../src/base/errors.js';
import { platform } from '../../src/base/platform/node.js';
import { sha256 } from '../../src/base/platform/sha256.js';
import { createEngine, type EngineOptions } from '../../src/create/engine.js';
import * as inline from '../../src/inline.js';

const file = (name: string) => new URL(`../../build/${name}.wasm`, import.meta.url);
const binary = (name: string) => new Uint8Array(readFileSync(file(name)));
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const simd = binary('simd');
const fma = binary('fma');

const page = '<!doctype html><title>Not found</title>';
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    if (url === '/simd.wasm') response.writeHead(200, { 'content-type': 'application/wasm' }).end(simd);
    else if (url === '/text.wasm') response.writeHead(200, { 'content-type': 'text/plain' }).end(simd);
    else if (url === '/page.wasm') response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    else if (url === '/lie.wasm') response.writeHead(200, { 'content-type': 'application/wasm' }).end(page);
    else response.writeHead(404).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
afterEach(() => vi.restoreAllMocks());

describe('one binary', () => {
  test.each<[string, () => EngineOptions['wasm'] | Promise<EngineOptions['wasm']>]>([
    ['a URL of a file', () => file('simd')],
    ['a URL of a server', () => new URL(`${base}/simd.wasm`)],
    ['an address', () => `${base}/simd.wasm`],
    ['an address with a wrong MIME type', () => `${base}/text.wasm`],
    ['a Response', () => fetch(`${base}/simd.wasm`)],
    ['a Response made by hand', () => new Response(simd)],
    ['bytes', () => simd],
    ['a buffer', () => simd.slice().buffer],
  ])('%s', async (_, source) => {
    const wasm = await source();
    const { info } = await createEngine({ wasm });
    expect(info).toMatchObject({ backend: 'wasm', math: 'strict', binary: 'simd', wasmSha256: hash(simd) });
    expect(info.reason).toBe('the binary was given; one thread');
  });

  test('a module has no hash', async () => {
    const { info } = await createEngine({ wasm: new WebAssembly.Module(simd) });
    expect(info).toMatchObject({ backend: 'wasm', math: 'strict', binary: 'simd' });
    expect(info).not.toHaveProperty('wasmSha256');
  });

  test('tells its own arithmetic', async () => {
    expect((await createEngine({ wasm: fma, math: 'fma' })).info).toMatchObject({
      math: 'fma',
      binary: 'fma',
    });
    expect((await createEngine({ wasm: fma })).info).toMatchObject({ math: 'fma', wasmSha256: hash(fma) });
    await expect(createEngine({ wasm: fma, math: 'strict' })).rejects.toThrow(
      'option wasm is a binary with fma arithmetic, strict was asked for',
    );
    await expect(createEngine({ wasm: simd, math: 'fma' })).rejects.toThrow(EngineError);
  });

  test('compiles while it loads', async () => {
    const streaming = vi.spyOn(WebAssembly, 'compileStreaming');
    await createEngine({ wasm: `${base}/simd.wasm` });
    expect(streaming).toHaveBeenCalledOnce();
    await createEngine({ wasm: `${base}/text.wasm` });
    expect(streaming).toHaveBeenCalledOnce();
  });
});

describe('a binary of each kind', () => {
  test('is picked as ever', async () => {
    await createEngine({ math: 'fma' });
    const wasm = { simd, fma };
    expect((await createEngine({ wasm })).info).toMatchObject({ math: 'fma', wasmSha256: hash(fma) });
    expect((await createEngine({ wasm, math: 'strict' })).info.wasmSha256).toBe(hash(simd));
    expect((await createEngine({ wasm: { simd } })).info).toMatchObject({
      math: 'strict',
      reason:
        'fma was not among the binaries given; one thread: no binary with threads was among those given',
    });
    await expect(createEngine({ wasm: { fma }, math: 'strict' })).rejects.toThrow(OptionError);
  });

  test('with threads where they are among them', async () => {
    const [simdThreads, fmaThreads] = ['simd-threads', 'fma-threads'].map(binary);
    const wasm = { simd, fma, 'simd-threads': simdThreads, 'fma-threads': fmaThreads };
    const engine = await createEngine({ wasm, math: 'strict', threads: 2 });
    expect(engine.info).toMatchObject({ threads: 2, wasmSha256: hash(simdThreads) });
    engine.dispose();
    await expect(createEngine({ wasm: { simd, fma }, threads: 2 })).rejects.toThrow(
      'threads are not available: no binary with threads was among those given',
    );
  });

  test('one with threads brings them along', async () => {
    const engine = await createEngine({ wasm: binary('fma-threads'), threads: 3 });
    expect(engine.info).toMatchObject({ threads: 3, math: 'fma', binary: 'fma-threads' });
    engine.dispose();
    await expect(createEngine({ wasm: binary('fma-threads'), threads: 1 })).rejects.toThrow(
      'a binary with threads',
    );
    await expect(createEngine({ wasm: simd, threads: 2 })).rejects.toThrow('a binary without threads');
  });

  test('is asked for only when wanted', async () => {
    const wanted = vi.fn(async () => simd);
    const unwanted = vi.fn(async () => fma);
    await createEngine({ math: 'strict', wasm: { simd: wanted, fma: unwanted } });
    expect(wanted).toHaveBeenCalledOnce();
    expect(unwanted).not.toHaveBeenCalled();
  });
});

describe('something else', () => {
  test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
    [
      'a page',
      () => `${base}/page.wasm`,
      FormatError,
      'but the server sent a page (it begins with "<"); lanegrad/inline needs no file',
    ],
    ['a page that says it is Wasm', () => `${base}/lie.wasm`, FormatError, 'the server sent a page'],
    [
      'no such file',
      () => `${base}/none.wasm`,
      FileError,
      'none.wasm: the server answered 404; lanegrad/inline needs no file',
    ],
    ['no server', () => 'http://127.0.0.1:1/simd.wasm', FileError, 'cannot be read'],
    ['text', () => new TextEncoder().encode('not Wasm'), FormatError, 'which begins with [0, 97, 115, 109]'],
    ['nothing', () => new Uint8Array(), FormatError, 'given 0 bytes'],
    ['no address', () => 'simd.wasm', OptionError, '"simd.wasm" is no address'],
    ['a number', () => 7, OptionError, 'option wasm: expected a URL, Response, bytes or WebAssembly.Module'],
    ['an unknown name', () => ({ smid: simd }), OptionError, 'an object of such by simd, fma'],
    ['an empty object', () => ({}), OptionError, 'option wasm: expected'],
  ])('%s', async (_, wasm, kind, message) => {
    const created = createEngine({ wasm: wasm() } as EngineOptions);
    await expect(created).rejects.toThrow(kind);
    await expect(created).rejects.toThrow(message);
  });

  test('an answer that was read already', async () => {
    const response = new Response(simd);
    await response.arrayBuffer();
    await expect(createEngine({ wasm: response })).rejects.toThrow('has been read already');
  });

  test('what the runtime will not compile says which policy would let it', async () => {
    const refused = new WebAssembly.CompileError("'wasm-unsafe-eval' is not an allowed source of script");
    vi.spyOn(WebAssembly, 'Module').mockImplementation(function refuse() {
      throw refused;
    });
    const created = createEngine({ math: 'strict' });
    await expect(created).rejects.toThrow(EngineError);
    await expect(created).rejects.toThrow("allow it by 'wasm-unsafe-eval' in script-src");
  });
});

describe('broken kernels are an error, and never an old runtime', () => {
  const threads = binary('fma-threads');

  test.each([9, 1000, Math.floor(simd.length / 2), simd.length - 1])(
    'cut off after %i bytes',
    async (length) => {
      const half = simd.slice(0, length);
      for (const wasm of [half, { simd: half }, { simd, fma: half }, new Response(half)]) {
        const created = createEngine({ wasm });
        await expect(created).rejects.toThrow(KernelError);
        await expect(created).rejects.toThrow(`is broken or incomplete, in ${length} bytes`);
      }
    },
  );

  test('of threads too, although one thread could do without', async () => {
    vi.spyOn(platform, 'cores', 'get').mockReturnValue(2);
    const wasm = { simd, 'simd-threads': threads.slice(0, 5000) };
    const created = createEngine({ wasm, math: 'strict' });
    await expect(created).rejects.toThrow('the simd-threads binary is broken');
    await expect(created).rejects.toThrow(KernelError);
  });

  test('even where the runtime lacks an instruction', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(createEngine({ wasm: { simd: simd.slice(0, 9999) } })).rejects.toThrow(KernelError);
    const whole = await createEngine({ wasm: { simd } });
    expect(whole.info).toMatchObject({
      backend: 'reference',
      reason: expect.stringContaining('does not accept'),
    });
  });

  test('any byte changed: a named error, or kernels', async () => {
    const outcomes = { error: 0, kernels: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat(simd.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = simd.slice();
        bytes[at] ^= change;
        const created = await createEngine({ wasm: { simd: bytes }, math: 'strict' }).catch((error) => error);
        if (created instanceof Error) expect(created).toBeInstanceOf(at < 4 ? FormatError : KernelError);
        else expect(created.info.backend).toBe('wasm');
        outcomes[created instanceof Error ? 'error' : 'kernels']++;
      }),
      { numRuns: 60 },
    );
    expect(outcomes.error).toBeGreaterThan(10);
  });

  test('WebAssembly of something else', async () => {
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    for (const wasm of [empty, new WebAssembly.Module(empty), { simd: empty }]) {
      const created = createEngine({ wasm, math: 'strict' });
      await expect(created).rejects.toThrow(KernelError);
      await expect(created).rejects.toThrow('there is no function v');
    }
  });
});

describe('embedded', () => {
  test('the same binaries, with nothing read', async () => {
    const strict = await inline.createEngine({ math: 'strict' });
    expect(strict.info.wasmSha256).toBe(hash(simd));
    expect((await inline.createEngine({ math: 'fma' })).info.wasmSha256).toBe(hash(fma));
    expect((await inline.createEngine()).info.backend).toBe('wasm');
    expect((await inline.createEngine({ backend: 'reference' })).info.backend).toBe('reference');
  });

  test('gives way to option wasm, and knows bad options', async () => {
    const wasm = new WebAssembly.Module(simd);
    expect((await inline.createEngine({ wasm })).info).not.toHaveProperty('wasmSha256');
    await expect(inline.createEngine(null as never)).rejects.toThrow(OptionError);
    await expect(inline.createEngine({ math: 'fast' as never })).rejects.toThrow(OptionError);
  });
});

test('SHA-256 in TypeScript is SHA-256', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(hash(bytes));
    }),
  );
  expect(Buffer.from(sha256(simd)).toString('hex')).toBe(hash(simd));
});
