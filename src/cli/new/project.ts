/** What a new project holds, whatever its template: its package, what it ignores, and what is said of it. */
import { readFileSync } from 'node:fs';

/** Languages of a project's own files. */
export const languages = ['js', 'ts'] as const;
export type Language = (typeof languages)[number];

/** A template's files, by their paths in the project; and what differs in the package. */
export interface Template {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** For `npm run`; `start` is what runs it. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Packages that are needed to work on it, of those that lanegrad is developed with. */
  readonly tools: readonly string[];
  /** Lines of the README between the title and what is the same for all. */
  readonly about: readonly string[];
}

interface PackageFile {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The files of a project. Versions are those that lanegrad itself is tested with. */
export function projectFiles(
  name: string,
  language: Language,
  { files, scripts, tools, about }: Template,
): Record<string, string | Uint8Array> {
  const own = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  ) as PackageFile;
  const isTyped = language === 'ts';
  const needed = [...tools, ...(isTyped ? ['typescript', '@types/node'] : [])].sort();
  const content = {
    ...{ name, version: '0.0.0', private: true, type: 'module' },
    scripts: { ...scripts, ...(isTyped && { check: 'tsc' }) },
    dependencies: { lanegrad: `^${own.version}` },
    ...(needed.length > 0 && {
      devDependencies: Object.fromEntries(needed.map((tool) => [tool, own.devDependencies[tool]])),
    }),
  };
  return {
    'package.json': `${JSON.stringify(content, null, 2)}\n`,
    '.gitignore': 'node_modules\ndist\nruns\n*.safetensors\n',
    'README.md': readme(name, about),
    ...(isTyped && { 'tsconfig.json': `${JSON.stringify(TSCONFIG, null, 2)}\n` }),
    ...files,
  };
}

/** How a script of Node's is run: Node 20 takes JavaScript only. */
export function runner(language: Language, file: string): { command: string; tools: string[] } {
  const command = language === 'ts' ? `tsx ${file}` : `node ${file}`;
  return { command, tools: language === 'ts' ? ['tsx'] : [] };
}

const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom', 'esnext.disposable'], types: ['node'] },
    ...{ strict: true, noEmit: true, skipLibCheck: true },
  },
  include: ['*.ts'],
};

function readme(name: string, about: readonly string[]): string {
  const lines = [
    `# ${name}`,
    '',
    ...about,
    '',
    '```sh',
    'npm install',
    'npm start',
    '```',
    '',
    'Made by `lanegrad new`; node_modules/lanegrad/README.md tells what else there is.',
  ];
  return `${lines.join('\n')}\n`;
}
