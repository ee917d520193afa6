/** Projects of `lanegrad new` with the packed package, as who made one runs it: each template, in both languages. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, noBrowser } from '../browser.js';
import { root, startServer } from '../web/server.js';

const run = promisify(execFile);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-projects-'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed.stdout) as { filename: string }[];
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'lanegrad'), { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', join(modules, 'lanegrad')]);
  await chmod(main(), 0o755);
  // What an installation brings along, and what projects are worked on with.
  for (const name of await readdir(`${root}node_modules`)) {
    if (name === 'lanegrad' || name.startsWith('.')) continue;
    await symlink(`${root}node_modules/${name}`, join(modules, name));
  }
  await writeFile(
    join(folder, 'own.csv'),
    `size,price\n${Array.from({ length: 90 }, (_, i) => `${i % 13},${2 * (i % 13) + (i % 3)}`).join('\n')}\n`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const main = () => join(folder, 'node_modules', 'lanegrad', 'dist', 'cli', 'main.js');

/** Makes a project, and says what its `npm start` and another script print. */
async function project(name: string, args: readonly string[], script = 'start'): Promise<string> {
  await run(process.execPath, [main(), 'new', name, ...args], { cwd: folder });
  return npm(name, script);
}

async function npm(name: string, script: string): Promise<string> {
  // The commands of packages, which an installation puts where npm finds them.
  const bin = join(folder, name, 'node_modules', '.bin');
  await mkdir(bin, { recursive: true });
  await symlink(main(), join(bin, 'lanegrad')).catch(() => {});
  for (const [tool, file] of [
    ['tsx', 'tsx/dist/cli.mjs'],
    ['tsc', 'typescript/bin/tsc'],
    ['vite', 'vite/bin/vite.js'],
  ]) {
    await symlink(`${root}node_modules/${file}`, join(bin, tool)).catch(() => {});
  }
  const { stdout } = await run('npm', ['run', '--silent', script], { cwd: join(folder, name) });
  return stdout;
}

describe.each(['js', 'ts'] as const)('in %s', (language) => {
  const made = (template: string) => `${template}-${language}`;
  const args = (template: string) => ['--template', template, '--language', language];

  test('a script trains, measures and saves', async () => {
    const stdout = await project(made('script'), args('script'));
    expect(stdout).toMatch(/^(9\d|100)\.\d % of 200 test points right$/m);
    expect(await readdir(join(folder, made('script')))).toContain('model.safetensors');
  });

  test('a table is learnt, and predicted by the script of the package', async () => {
    const stdout = await project(made('table'), args('table'));
    expect(stdout).toMatch(/^(8|9|10)\d(\.\d)? % of 30 test rows right$|^100\.0 %/m);
    expect(await npm(made('table'), 'predict')).toMatch(
      /^prediction,probability_rose,probability_tulip\n(tulip|rose),/,
    );
  });

  test('pictures are learnt', async () => {
    const stdout = await project(made('image'), args('image'));
    expect(stdout).toMatch(/^(7|8|9|10)\d(\.\d)? % of 27 test pictures right$|^100\.0 %/m);
  });

  test('a page is built', async () => {
    await project(made('page'), args('page'), 'build');
    expect(await readdir(join(folder, made('page'), 'dist'))).toContain('index.html');
  });
});

test('a table of numbers of the user', async () => {
  const stdout = await project('own', ['--table', 'own.csv', '--target', 'price']);
  expect(stdout).toMatch(/^test loss \d/m);
  expect(await npm('own', 'predict')).toMatch(/^prediction\n/);
});

test('TypeScript finds nothing to say', async () => {
  const names = ['script', 'table', 'image', 'page'].map((template) => `${template}-ts`);
  // As each of them is configured; together, which spares three starts.
  const config = { extends: `./${names[0]}/tsconfig.json`, include: names.map((name) => `${name}/*.ts`) };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = await run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', folder]);
  expect(stdout).toBe('');
});

test.skipIf(noBrowser)('the page learns in a browser', async () => {
  const server = await startServer();
  const browser = await launchChromium();
  try {
    await cp(join(folder, 'page-js', 'dist'), join(folder, 'served'), { recursive: true });
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server.mount('new', { from: join(folder, 'served'), headers: {} }));
    await page.waitForSelector('body[data-ready]');
    expect(await page.textContent('#status')).toMatch(/^Epoch 60, loss 0\.0/);
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});
