/** `lanegrad new`: a small project to start from. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FileError, OptionError } from '../base/errors.js';
import { fileError, readFileBytes, systemCode } from '../base/files/atomic.js';
import { openTableFile } from '../tables/file.js';
import { targetIndex } from '../tables/target.js';
import { commonOptions } from './arguments.js';
import { imageTemplate } from './new/image.js';
import { pageTemplate } from './new/page.js';
import { type Language, languages, projectFiles, type Template } from './new/project.js';
import { scriptTemplate } from './new/script.js';
import { type GivenTable, tableTemplate } from './new/table.js';
import { Output, printable } from './output.js';

const templates = ['script', 'table', 'image', 'page'] as const;

interface NewOptions {
  template?: (typeof templates)[number];
  language: Language;
  table?: string;
  target?: string;
  json?: true;
}

export function addNew(program: Command): void {
  const command = program
    .command('new')
    .summary('make a small project to start from')
    .description('Writes a package.json, a training script with data to train on, a README and a .gitignore.')
    .argument('[folder]', 'where it goes, new or empty (default: this one)')
    .addOption(
      new Option('--template <name>', 'what it is about (default: script, or table with --table)').choices(
        templates,
      ),
    )
    .addOption(new Option('--language <name>', 'JavaScript, or TypeScript').choices(languages).default('js'))
    .addOption(new Option('--table <file>', 'a table of yours, which is copied into the project'))
    .addOption(new Option('--target <column>', 'the column of that table to predict'));
  for (const option of commonOptions()) command.addOption(option);
  command.action(create).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  lanegrad new first                                 # a network that learns two spirals
  lanegrad new flowers --table iris.csv --target species
  lanegrad new pictures --template image --language ts
  lanegrad new page --template page`;

async function create(given: string | undefined, options: NewOptions): Promise<void> {
  const out = new Output({ json: options.json });
  const folder = given ?? '.';
  const table = await givenTable(options);
  const template = await templateOf(options, table);
  await requireEmpty(folder);
  const name = packageName(basename(resolve(folder)));
  const files = projectFiles(name, options.language, template);
  for (const [path, content] of Object.entries(files)) {
    const to = join(folder, path);
    try {
      await mkdir(dirname(to), { recursive: true });
      // Never over a file that has come meanwhile.
      await writeFile(to, content, { flag: 'wx' });
    } catch (cause) {
      throw fileError(to, 'cannot be written', cause);
    }
  }
  out.line(`${printable(folder)}: ${Object.keys(files).length} files. Next:`);
  if (folder !== '.') out.line(`  cd ${printable(folder)}`);
  for (const line of ['npm install', 'npm start']) out.line(`  ${line}`);
  out.result({
    folder,
    name,
    template: options.template ?? (table ? 'table' : 'script'),
    files: Object.keys(files),
  });
}

/** Throws OptionError for a table without a target and the other way round; DataError for a target that it has not. */
async function givenTable({ table: path, target, template }: NewOptions): Promise<GivenTable | undefined> {
  if (path === undefined && target === undefined) return undefined;
  if (template !== undefined && template !== 'table') {
    const flag = path === undefined ? '--target' : '--table';
    throw new OptionError(flag, `it is for the template table, given ${template}`);
  }
  if (path === undefined)
    throw new OptionError('--table', 'expected the file that the target is a column of');
  // What is no table, or has no such column, would only be found out by the script.
  const table = await openTableFile(path);
  if (target === undefined) {
    throw new OptionError(
      '--target',
      `expected a column of ${path}, such as --target ${table.columns.at(-1)}`,
    );
  }
  targetIndex(table, target);
  return { file: `data${extname(path) || '.csv'}`, bytes: await readFileBytes(path), target };
}

async function templateOf(
  { template, language }: NewOptions,
  table: GivenTable | undefined,
): Promise<Template> {
  switch (template ?? (table ? 'table' : 'script')) {
    case 'script':
      return scriptTemplate(language);
    case 'table':
      return tableTemplate(language, table);
    case 'image':
      return imageTemplate(language);
    case 'page':
      return pageTemplate(language);
  }
}

/** Throws FileError for a folder that holds something, be it a repository without files. */
async function requireEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((cause) => {
    if (systemCode(cause) === 'ENOENT') return [];
    throw fileError(folder, 'cannot be read', cause);
  });
  const count = entries.filter((name) => name !== '.git').length;
  if (count > 0)
    throw new FileError(folder, `expected a new or an empty folder, given one with ${count} entries`);
}

/** A name that npm takes. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9~-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name === '' || name === 'lanegrad' ? 'lanegrad-project' : name;
}
