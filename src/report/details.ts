/** The end of the page: configuration, engine, and what is needed to get the same weights again. */
import { isDate, isPlainObject } from '../base/arrays.js';
import { show } from '../base/errors.js';
import { type Html, html } from './escape.js';
import { count, plural } from './format.js';
import { wasInterrupted } from './headline.js';
import { settingsTable } from './table.js';
import type { RunReport } from './types.js';

/** Deeper nesting is shown by its class; it also ends a cycle. */
const DEPTH = 6;

/** Configuration and engine, side by side where there is room. */
export function settingsSection(report: RunReport): Html {
  return html`<section id="settings"><h2>Settings</h2>
<div class="pair">${block('config', 'Configuration', withoutLayers(report))}${block('engine', 'Engine', report.engine)}</div></section>`;
}

/** The layers stand in the section on the network, where there is one. */
function withoutLayers({ config, network }: RunReport): Readonly<Record<string, unknown>> {
  const { layers, ...others } = config;
  return network && Array.isArray(layers) ? others : config;
}

/** Digests, and the promise that goes with the kind of arithmetic used. */
export function reproducibilitySection(report: RunReport): Html {
  const { facts, engine, config } = report;
  const rows: [string, unknown][] = [
    ['Weights, SHA-256', facts.weightsSha256],
    ['WebAssembly, SHA-256', engine.wasmSha256],
    ['Numerics, version', engine.numerics],
    ['Seed', config.seed],
    ['Layers', facts.layers.join('-')],
    ['Parameters', count(facts.parameters)],
  ];
  const shown = rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, text(value)] as const);
  return html`<section id="reproducibility"><h2>Reproducibility</h2>
<p class="lead">${promise(engine.math)} ${advice(report)}</p>
<div class="scroll" role="region" aria-label="Reproducibility" tabindex="0">${settingsTable(shown)}</div></section>`;
}

/** Nested settings as lines of a dotted name and a value, in their own order. */
export function flatten(settings: Readonly<Record<string, unknown>>): [string, string][] {
  const lines: [string, string][] = [];
  const visit = (name: string, value: unknown, depth: number) => {
    const nested = depth < DEPTH ? entries(value) : undefined;
    if (!nested) {
      lines.push([name, text(value)]);
      return;
    }
    for (const [key, item] of nested) visit(joinName(name, key), item, depth + 1);
  };
  for (const [key, value] of Object.entries(settings)) visit(key, value, 1);
  return lines;
}

function block(id: string, title: string, settings: Readonly<Record<string, unknown>>): Html {
  const lines = flatten(settings);
  return html`<div id="${id}"><h3>${title}</h3>
${lines.length === 0 ? html`<p>Nothing recorded.</p>` : settingsTable(lines)}</div>`;
}

/** The parts of a plain object or of an array that holds objects; undefined when it fits on one line. */
function entries(value: unknown): [string | number, unknown][] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const simple = items.every((item) => typeof item !== 'object' || item === null);
    return simple ? undefined : items.map((item, index) => [index, item]);
  }
  if (!isPlainObject(value)) return undefined;
  const list = Object.entries(value);
  return list.length === 0 ? undefined : list;
}

function joinName(name: string, key: string | number): string {
  return typeof key === 'number' ? `${name}[${key}]` : `${name}.${key}`;
}

/** A value as a person would write it: strings bare, arrays of plain values in full. */
function text(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '(empty)' : value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === undefined || value === null) return 'none';
  if (isDate(value)) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(text).join(', ');
  if (isPlainObject(value) && Object.keys(value).length === 0) return 'none';
  return show(value);
}

function advice(report: RunReport): string {
  if (!wasInterrupted(report)) return 'Train again with the settings above and compare the first digest.';
  return `This run was interrupted: its first digest is that of the weights after ${plural(report.history.steps, 'step')}, not of the whole configuration.`;
}

function promise(math: unknown): string {
  if (math === 'strict') {
    return 'The same WebAssembly bytes, seed, configuration and data give the same weights bit for bit, on every machine, in every runtime and with any number of threads.';
  }
  if (math === 'fma') {
    return 'The same WebAssembly bytes, seed, configuration and data give the same weights bit for bit on this kind of machine, with any number of threads; with math “strict” they would on every machine.';
  }
  return 'The same WebAssembly bytes, seed, configuration and data give the same weights.';
}
