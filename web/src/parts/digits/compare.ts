/**
 * The engines side by side: a trainer each, which take turns, so that no figure suffers from another engine's
 * work.
 */
import { type Dataset, type EngineOptions, sgd } from 'lanegrad';
import { createTrainer, type Trainer } from 'lanegrad/trainer';
import { buildModel } from './network.js';
import { defaults } from './settings.js';
import { median, spreadOf } from './spread.js';

interface Contender {
  readonly name: string;
  readonly about: string;
  readonly engine: EngineOptions;
}

const ROUNDS = 6;
/** Milliseconds of a turn. */
const TURN = 500;
/** Turns that differ by more than this share were disturbed. */
const BUSY = 0.15;

const contenders: readonly Contender[] = [
  { name: 'Reference', about: 'plain TypeScript', engine: { backend: 'reference' } },
  {
    name: 'SIMD',
    about: 'multiply, round, add: the same bits everywhere',
    engine: { backend: 'wasm', math: 'strict', threads: 1 },
  },
  {
    name: 'SIMD + FMA',
    about: 'relaxed SIMD: one rounding',
    engine: { backend: 'wasm', math: 'fma', threads: 1 },
  },
  {
    name: 'SIMD + threads',
    about: 'all cores, the best arithmetic of this browser',
    engine: { backend: 'wasm', threads: navigator.hardwareConcurrency },
  },
];

interface Lane {
  readonly item: HTMLLIElement;
  readonly trainer: Trainer;
  readonly rates: number[];
  finished: Promise<unknown>;
  rate: number;
}

/** Runs to the end, or until `signal` aborts; tells how things stand by `say`. */
export async function compare(
  list: HTMLElement,
  set: Dataset,
  signal: AbortSignal,
  say: (text: string) => void,
) {
  const lanes: Lane[] = [];
  const items = contenders.map(describe);
  list.replaceChildren(...items);
  try {
    for (const [i, contender] of contenders.entries()) {
      say(`Preparing ${contender.name} …`);
      try {
        lanes.push(await open(contender, items[i], set));
      } catch (error) {
        more(items[i], `not available here: ${(error as Error).message}`);
      }
      if (signal.aborted) return;
    }
    for (let round = 1; round <= ROUNDS; round++) {
      say(`Round ${round} of ${ROUNDS}`);
      for (const lane of lanes) {
        if (signal.aborted) return;
        lane.item.classList.add('running');
        await lane.trainer.resume();
        await new Promise((resolve) => setTimeout(resolve, TURN));
        await lane.trainer.pause();
        lane.item.classList.remove('running');
        if (lane.rate > 0) lane.rates.push(lane.rate);
        show(lanes);
      }
    }
    const [slow, ...others] = lanes.map(({ rates }) => median(rates));
    const best = Math.max(...others);
    const times = (best / slow).toFixed(1);
    say(`Done. The fastest trains ${times} times as fast as the reference. ${judge(lanes)}`);
  } finally {
    for (const { trainer, item } of lanes) {
      item.classList.remove('running');
      trainer.dispose();
    }
  }
}

async function open(contender: Contender, item: HTMLLIElement, set: Dataset): Promise<Lane> {
  const trainer = await createTrainer({
    model: buildModel(defaults),
    worker: true,
    engine: contender.engine,
  });
  const lane: Lane = { item, trainer, rates: [], finished: Promise.resolve(), rate: 0 };
  let begun = () => {};
  const first = new Promise<void>((resolve) => {
    begun = resolve;
  });
  lane.finished = trainer
    .fit(set, {
      loss: 'softmaxCrossEntropy',
      optimizer: sgd({ learningRate: defaults.rate }),
      batchSize: defaults.batch,
      epochs: 1_000_000,
      onProgress({ samplesPerSecond }) {
        lane.rate = samplesPerSecond;
        begun();
      },
    })
    .catch(() => begun());
  await first;
  await trainer.pause();
  lane.rate = 0;
  const { math, threads, binary } = trainer.info;
  more(
    item,
    binary
      ? `${contender.about} · ${binary}.wasm · ${math} · ${threads} thread${threads > 1 ? 's' : ''}`
      : contender.about,
  );
  return lane;
}

/** What the spread of an engine's turns says of the machine: left alone, they are alike. */
function judge(lanes: readonly Lane[]): string {
  const spread = Math.max(...lanes.map(({ rates }) => spreadOf(rates)));
  const percent = `${Math.round(100 * spread)} %`;
  return spread > BUSY
    ? `The machine was busy: turns of one engine differed by up to ${percent}. Compare again when it is quiet.`
    : `The machine was quiet: turns of one engine differed by ${percent} at most.`;
}

function describe({ name, about }: Contender): HTMLLIElement {
  const item = document.createElement('li');
  const parts = ['name', 'bar', 'speed', 'more', 'spread'].map((part) => {
    const element = document.createElement('span');
    element.className = part;
    return element;
  });
  parts[0].textContent = name;
  parts[1].append(document.createElement('i'));
  parts[1].ariaHidden = 'true';
  parts[3].textContent = about;
  item.append(...parts);
  return item;
}

function more(item: HTMLLIElement, text: string): void {
  item.querySelector('.more')!.textContent = text;
}

function show(lanes: readonly Lane[]): void {
  const speeds = lanes.map(({ rates }) => median(rates));
  const best = Math.max(...speeds, 1);
  for (const [i, { item, rates }] of lanes.entries()) {
    item.querySelector<HTMLElement>('.bar i')!.style.transform = `scaleX(${speeds[i] / best})`;
    const spread = rates.length > 1 ? ` ± ${Math.round(50 * spreadOf(rates))} %` : '';
    item.querySelector('.speed')!.textContent = `${Math.round(speeds[i]).toLocaleString('en')} images/s`;
    item.querySelector('.spread')!.textContent = spread;
  }
}
