/**
 * The whole assignment, as a library: each part by itself, or all with the report. Results are kept in a
 * folder and not computed again. Node only; the parts that compute are plain functions in modules of their
 * own.
 *
 * @module lanegrad/assignment
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { OptionError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files/atomic.js';
import { checkInteger, isSignal, isText, OptionReader } from '../base/options.js';
import { loadUplot } from '../report/node.js';
import type { TrialTask } from '../sweep/objective/trial.js';
import { inProcess, pool } from '../sweep/sweep.js';
import type { Executor } from '../tasks/executor.js';
import { type Identity, identify, machine } from './identity.js';
import { doTask } from './objective.js';
import { type AssignmentPlan, fullPlan, quickPlan } from './plan.js';
import { derivations } from './q1-derivations/derivations.js';
import { gradientTable } from './q3-scalar/gradient-table.js';
import { expectExperiments, runExperiments } from './q7-experiments/experiments.js';
import type { ExperimentsResult } from './q7-experiments/types.js';
import { conclude as concludeResults } from './report/conclusions.js';
import { renderAssignment as renderResults } from './report/report.js';
import { sampleImages } from './report/samples.js';
import type { AssignmentReport, Conclusion } from './report/types.js';
import { Session, type SessionHooks } from './session.js';
import { type TaskKind, type Tasks, Workbench } from './tasks.js';
import type {
  BatchedResult,
  Derivation,
  FormsResult,
  GradientTable,
  SpeedResult,
  SyntheticResult,
  TensorResult,
} from './types.js';

export { RunError } from '../tasks/executor.js';
export type { AssignmentPlan, AssignmentReport, Conclusion };
export { derivations, gradientTable };

/** Which parts of the assignment are done, and how. */
export interface AssignmentOptions extends SessionHooks {
  /** Where results and report are; `runs/assignment` by default. */
  out?: string;
  /** Fewer images, settings, seeds and epochs, kept apart in the folder `quick` within `out`. */
  quick?: boolean;
  /** The first of the seeds; 1 by default. */
  seed?: number;
  /** In place of the plan that `quick` and `seed` stand for. */
  plan?: AssignmentPlan;
  /** A folder with IDX files, in place of MNIST. */
  data?: string;
  /** Worker processes; by default one for each core, 16 at most. 0 computes in this thread. */
  workers?: number;
}

/** The first derivation of question 2; those before it are question 1's. */
const QUESTION_TWO = 'D8';

/** The derivations of a question. Throws OptionError for another number. */
export function derivationsOf(question: 1 | 2): readonly Derivation[] {
  checkInteger('derivationsOf', 'question', question, { min: 1, max: 2 });
  const second = derivations.findIndex(({ name }) => name === QUESTION_TWO);
  return question === 1 ? derivations.slice(0, second) : derivations.slice(second);
}

/**
 * Draws the conclusions from the results, in words and numbers. Throws OptionError for what are not the
 * results of all parts.
 */
export function conclude(parts: Parameters<typeof concludeResults>[0]): Conclusion[] {
  return ofResults('conclude', () => concludeResults(parts));
}

/**
 * The whole report as a page. `uplot` is the source text of uPlot's script and style sheet. Throws
 * OptionError for what is no report with the results of all parts.
 */
export function renderAssignment(...[report, uplot]: Parameters<typeof renderResults>): string {
  return ofResults('renderAssignment', () => renderResults(report, uplot));
}

/**
 * Results have a hundred parts, which are read where they are told of: what is missing there is no result.
 */
function ofResults<T>(where: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new OptionError(where, `expected the results of all parts of the assignment (${cause.message})`, {
      cause,
    });
  }
}

/**
 * Work of each part in samples of a compiled training step, for the time left: these are ratios of measured
 * seconds.
 */
const COSTS: Record<Exclude<TaskKind, 'fit'>, number> = {
  synthetic: 100_000,
  tensor: 150_000,
  batched: 150_000,
  forms: 1_200_000,
  speed: 1_200_000,
};

/** Memory is what limits this: a worker with MNIST holds some 200 MB. */
const MOST_WORKERS = 16;

/** The parts of the assignment as functions, and their results. */
export class Assignment {
  readonly reportPath: string;

  private constructor(
    readonly folder: string,
    readonly quick: boolean,
    readonly plan: AssignmentPlan,
    readonly session: Session,
    private readonly bench: Workbench,
    private readonly identity: Identity,
    private readonly executor: Executor<TrialTask>,
  ) {
    this.reportPath = join(folder, 'assignment.html');
  }

  /**
   * Loads the data and opens the folder, making it where it is missing. Nothing is computed yet.
   *
   * @throws OptionError for a bad option, DataError without MNIST, FileError when the folder cannot be made.
   */
  static async open(options: AssignmentOptions = {}): Promise<Assignment> {
    const reader = new OptionReader('assignment', options);
    const out = reader.string('out', join('runs', 'assignment'));
    const quick = reader.boolean('quick', false);
    const seed = reader.integer('seed', { min: 0 }, 1);
    const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
    const data = reader.optional('data', 'a folder', isText);
    const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
    const workers = reader.optional('workers', 'a whole number, at least 0', isCount);
    const given = reader.optional('plan', 'a plan', (value): value is AssignmentPlan => isObject(value));
    const onProgress = reader.callback<NonNullable<SessionHooks['onProgress']>>('onProgress');
    const onFinished = reader.callback<NonNullable<SessionHooks['onFinished']>>('onFinished');
    const signal = reader.optional('signal', 'an AbortSignal', isSignal);
    reader.end();

    const bench = new Workbench(data);
    const identity = await identify(bench);
    const folder = quick ? join(out, 'quick') : out;
    const executor =
      workers === 0
        ? inProcess((trial) => doTask(bench, trial)).execute(1)
        : pool(
            { module: new URL('./objective.js', import.meta.url).href },
            Math.min(workers ?? availableParallelism(), MOST_WORKERS),
          );
    const hooks = { signal, onProgress, onFinished };
    const session = await Session.open(join(folder, 'results'), executor, { identity, data }, hooks);
    const plan = given ?? (quick ? quickPlan(seed) : fullPlan(seed));
    return new Assignment(folder, quick, plan, session, bench, identity, executor);
  }

  /** Files of results that could not be used, which are made again. */
  get damaged(): readonly string[] {
    return this.session.damaged;
  }

  derivations(question: 1 | 2): readonly Derivation[] {
    return derivationsOf(question);
  }

  gradientTable(): GradientTable {
    return gradientTable();
  }

  /** Question 4. */
  synthetic(): Promise<SyntheticResult> {
    return this.#part('synthetic', 'synthetic data');
  }

  /** Question 5. */
  tensor(): Promise<TensorResult> {
    return this.#part('tensor', 'tensor network');
  }

  /** Question 6. */
  batched(): Promise<BatchedResult> {
    return this.#part('batched', 'batched network');
  }

  /** All forms from the same weights on the same samples. */
  forms(): Promise<FormsResult> {
    return this.#part('forms', 'all forms, step by step');
  }

  /** Samples a second of each form. Should run while nothing else does. */
  speed(): Promise<SpeedResult> {
    return this.#part('speed', 'speed of each form', machine());
  }

  /** Question 7. */
  experiments(): Promise<ExperimentsResult> {
    expectExperiments(this.session, this.plan.experiments);
    return runExperiments(this.session, this.plan.experiments);
  }

  /**
   * Every part, with the cores shared; the speed last and alone. Writes the report.
   *
   * @throws RunError when a part fails, the signal's reason when it is aborted, FileError when something
   * cannot be written.
   */
  async all(): Promise<AssignmentReport> {
    for (const kind of Object.keys(COSTS) as (keyof typeof COSTS)[]) this.#expect(kind);
    // Those that wait for nothing fill the gaps that the experiments leave.
    const [experiments, synthetic, tensor, batched, forms] = await Promise.all([
      this.experiments(),
      this.synthetic(),
      this.tensor(),
      this.batched(),
      this.forms(),
    ]);
    const speed = await this.speed();
    const report: AssignmentReport = {
      createdAt: new Date().toISOString(),
      quick: this.quick,
      version: this.identity.lanegrad,
      machine: machine(),
      identity: this.identity,
      derivations: [derivationsOf(1), derivationsOf(2)],
      table: gradientTable(),
      synthetic,
      tensor,
      batched,
      forms,
      speed,
      experiments,
      samples: sampleImages((await this.bench.splits()).full),
    };
    await writeFileAtomic(this.reportPath, renderResults(report, await loadUplot()));
    return report;
  }

  /** Ends the workers. Twice is fine. */
  close(): Promise<void> {
    return this.executor.close();
  }

  #expect(kind: keyof typeof COSTS): void {
    this.session.progress.expect(kind, 1, COSTS[kind]);
  }

  async #part<K extends keyof typeof COSTS>(
    kind: K,
    label: string,
    extra?: object,
  ): Promise<Tasks[K]['result']> {
    this.#expect(kind);
    const settings = this.plan[kind] as Tasks[K]['settings'];
    const [result] = await this.session.run(kind, kind, [{ label, settings }], extra);
    return result;
  }
}
