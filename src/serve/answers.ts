/**
 * What a served model says of rows: compiled once, its outputs read as its loss says, a JSON object for each row.
 * It knows neither requests nor queues.
 */
import type { Engine } from '../engine/engine.js';
import { Compiled } from '../nn/compiled.js';
import { headsOf } from '../nn/head.js';
import { valueSizes } from '../nn/inputs.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { pairs } from '../nn/pairs.js';
import type { HeadPlan } from '../nn/plan.js';
import type { ModelMetadata } from '../tables/model-file.js';
import type { PreparedTarget } from '../tables/preparation.js';
import { inUnits } from '../tables/target.js';
import { checkRows, checkWeights } from '../train/finite.js';
import { answering, rowsOfPlan } from '../train/predictor.js';

/** Rows computed at once, at most. */
const ROWS = 256;

/** Numbers that all values of the graph may have for the rows computed at once: 64 MiB. */
const NUMBERS = 2 ** 24;

/** One output of the model, and how its numbers are answered with. */
export interface ServedOutput {
  readonly name: string;
  /** One of some classes, several questions of yes or no, or numbers. */
  readonly kind: 'classes' | 'questions' | 'numbers';
  /** Numbers in a row of the output. */
  readonly size: number;
  /** Of classes, or of questions, as far as they are known. */
  readonly names: readonly string[] | undefined;
  /** Of a table's number. */
  readonly target: Extract<PreparedTarget, { kind: 'regression' }> | undefined;
}

/** A model that answers, and what it answers with. */
export class Answers {
  readonly outputs: readonly ServedOutput[];
  readonly maxRows: number;
  readonly #compiled: Compiled;
  readonly #engine: Engine;

  /** Throws NonFiniteError for weights that are NaN or infinite, EngineError when memory cannot grow. */
  constructor(
    where: string,
    engine: Engine,
    model: Network,
    loss: Loss | undefined,
    metadata: ModelMetadata,
  ) {
    const numbers = valueSizes(model).reduce((sum, size) => sum + size, model.inputSize);
    this.maxRows = Math.max(1, Math.min(ROWS, Math.floor(NUMBERS / numbers)));
    this.#engine = engine;
    const answered = answering(where, model, loss);
    this.outputs = headsOf(where, model, answered).map(({ name, loss: { link }, size }) => ({
      ...{ name, size, kind: kindOf(link, size, loss !== undefined) },
      names: model.outputs.length > 1 ? undefined : namesOf(metadata, size),
      target: metadata.table?.target.kind === 'regression' ? metadata.table.target : undefined,
    }));
    this.#compiled = new Compiled(engine, model, { maxRows: this.maxRows, loss: answered });
    try {
      checkWeights(where, this.#compiled);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * The answers of up to `maxRows` rows, as texts of JSON, for rows of each of the model's inputs.
   *
   * @throws NonFiniteError, with the row, `first` counted in, when the arithmetic overflows.
   */
  of(where: string, values: readonly Float32Array[], rows: number, first: number): string[] {
    const plan = this.#compiled.plan(rowsOfPlan(rows, this.maxRows));
    for (const [i, input] of plan.ports.inputs.entries()) {
      input.values.write(values[i], 0);
      input.loaded();
    }
    plan.forward();
    for (const head of plan.ports.outputs) head.classify();
    this.#engine.settle();
    const place = (row: number) => ({ row: first + row, words: `row ${first + row + 1}` });
    checkRows(where, plan, place, { rows });
    const read = plan.ports.outputs.map((head, i) => readerOf(this.outputs[i], head, rows));
    return Array.from({ length: rows }, (_, row) => {
      const [one] = read;
      if (read.length === 1) return JSON.stringify(one(row));
      return JSON.stringify(Object.fromEntries(this.outputs.map(({ name }, i) => [name, read[i](row)])));
    });
  }

  /** Frees the engine's memory. Twice is fine. */
  dispose(): void {
    this.#compiled.dispose();
  }
}

/** A single logit tells two classes apart; without a loss nothing is known of what outputs are. */
function kindOf(link: Loss['link'], size: number, known: boolean): ServedOutput['kind'] {
  if (!known || link === 'identity') return 'numbers';
  return link === 'sigmoid' && size > 1 ? 'questions' : 'classes';
}

function namesOf({ table, classNames }: ModelMetadata, size: number): readonly string[] | undefined {
  const names = table?.target.kind === 'classification' ? table.target.classes : classNames;
  // Names end where nobody gave more; a number stands for a class without one.
  return names && Array.from({ length: Math.max(size, names.length) }, (_, i) => names[i] ?? String(i));
}

/** What an output says of each row, as an object of JSON. */
function readerOf(output: ServedOutput, head: HeadPlan, rows: number): (row: number) => object {
  const { kind, size, names, target } = output;
  if (kind === 'numbers') {
    const own = head.outputs.read(rows);
    const values = target ? inUnits(target, own) : Float32Array.from(own);
    if (size === 1) return (row) => ({ value: values[row] });
    return (row) => ({ values: Array.from(values.subarray(row * size, (row + 1) * size)) });
  }
  const shares = Float32Array.from(head.probabilities.read(rows));
  if (kind === 'questions') {
    return (row) => ({ probabilities: Array.from(shares.subarray(row * size, (row + 1) * size)) });
  }
  const probabilities = size === 1 ? pairs(shares) : shares;
  const width = Math.max(2, size);
  const classes = head.predictions.read(rows);
  return (row) => {
    const own = Array.from(probabilities.subarray(row * width, (row + 1) * width));
    const best = classes[row];
    return { class: best, name: names?.[best] ?? String(best), probability: own[best], probabilities: own };
  };
}
