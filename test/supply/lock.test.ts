/** What is installed, from package-lock.json and what lies in node_modules: known bytes, known scripts, known licences. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  scripts: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

interface Locked {
  name?: string;
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  license?: string;
  hasInstallScript?: boolean;
  dev?: boolean;
  devOptional?: boolean;
  optional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(root + path, 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

/** By its place: `node_modules/a/node_modules/@b/c` is `@b/c`. */
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const those = (wrong: (entry: Locked, path: string) => unknown) =>
  packages.flatMap(([path, entry]) => (wrong(entry, path) ? [path] : []));

test('every package is held by a digest of its bytes, and names no place of its own', () => {
  expect(packages.length).toBeGreaterThan(300);
  expect(those(({ integrity }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
  expect(those(({ version }) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version ?? ''))).toEqual([]);
  expect(those(({ resolved, link }) => resolved !== undefined || link)).toEqual([]);
});

test('no dependency is a folder, an address or a repository', () => {
  const asked = [lock.packages[''], ...packages.map(([, entry]) => entry)].flatMap((entry) =>
    Object.entries({ ...entry.dependencies, ...entry.optionalDependencies }),
  );
  const elsewhere = asked.filter(([, range]) => /^(?!npm:).*[:/]/.test(range));
  expect(asked.length).toBeGreaterThan(500);
  expect(elsewhere).toEqual([]);
});

test('it is the lock of this package.json', () => {
  const { dependencies, devDependencies } = lock.packages[''] as unknown as Manifest;
  expect({ dependencies, devDependencies }).toEqual({
    dependencies: manifest.dependencies,
    devDependencies: manifest.devDependencies,
  });
  // Ranges here are carets over a version; what is locked is that one or a later one before the next major.
  for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies })) {
    const [, least] = /\^(\d+\.\d+\.\d+)$/.exec(range) ?? [];
    expect(least, `${name}: ${range}`).toBeDefined();
    const given = lock.packages[`node_modules/${name}`].version!;
    expect(satisfiesCaret(given, least), `${name}: ${given} for ${range}`).toBe(true);
  }
});

test('nothing runs when it is installed: neither of ours, nor of others', () => {
  const ours = Object.keys(manifest.scripts).filter((name) =>
    /^(pre|post)?install$|^(pre|post)prepare$/.test(name),
  );
  expect(ours).toEqual([]);
  // npm asks this table before it runs a script of a dependency.
  const withScripts = [...new Set(those(({ hasInstallScript }) => hasInstallScript).map(nameOf))];
  expect(Object.keys(manifest.allowScripts).toSorted()).toEqual(withScripts.toSorted());
  expect(Object.values(manifest.allowScripts)).not.toContain(true);
});

/** Permissive, and what those who use or change the package may take without asking. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];
/** Of tools and data that stay here: nothing of them is in what is published. */
const TOOLS = ['CC-BY-4.0', 'CC0-1.0', 'MPL-2.0', 'Python-2.0'];

test('licences: permissive ones for what is installed with lanegrad, those and a few more for tools', () => {
  const allowed = (license: string | undefined, list: readonly string[]) =>
    (license ?? '')
      .replace(/^\(|\)$/g, '')
      .split(' OR ')
      .some((one) => list.includes(one));
  const wrong = packages.flatMap(([path, { license, dev, devOptional }]) => {
    const list = dev || devOptional ? [...PERMISSIVE, ...TOOLS] : PERMISSIVE;
    return allowed(license, list) ? [] : [`${path}: ${license}`];
  });
  expect(wrong).toEqual([]);
});

test('the licences are what the packages themselves say', () => {
  const here = packages.filter(([path]) => existsSync(`${root}${path}/package.json`));
  expect(here.length).toBeGreaterThan(300);
  const differ = here.flatMap(([path, { license, version }]) => {
    const own = JSON.parse(read(`${path}/package.json`)) as { license?: string; version: string };
    return own.license === license && own.version === version
      ? []
      : [`${path}: ${own.version} ${own.license}`];
  });
  expect(differ).toEqual([]);
});

test('CONTRIBUTING.md lists the licences of all that is installed with lanegrad', () => {
  const [, table] =
    /^\| installed with lanegrad \|.*\n\|.*\n((?:\|.*\n)+)/m.exec(read('CONTRIBUTING.md')) ?? [];
  const installed = packages.filter(
    ([, { dev, devOptional, optional }]) => !dev && !devOptional && !optional,
  );
  expect(table?.trim().split('\n')).toEqual(
    installed.map(([path, { license }]) => `| \`${nameOf(path)}\` | ${license} |`),
  );
});

/** Whether `version` is one that `^least` means: its first part that is not 0 stays. */
function satisfiesCaret(version: string, least: string): boolean {
  const [given, wanted] = [version, least].map((text) => text.split('.').map(Number));
  const first = wanted.findIndex((part) => part > 0);
  if (given.slice(0, first + 1).join() !== wanted.slice(0, first + 1).join()) return false;
  const differs = wanted.findIndex((part, i) => part !== given[i]);
  return differs < 0 || given[differs] > wanted[differs];
}
