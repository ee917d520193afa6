/**
 * Ten published test functions, by their usual names and formulas, with ranges around their minima: what the samplers
 * of sweeps are compared on. optuna_tpe.py has the same ones; both print their values at one point.
 */
export interface TestFunction {
  readonly dimensions: number;
  readonly low: number;
  readonly high: number;
  value(x: readonly number[]): number;
}

const { PI, E, cos, exp, sqrt } = Math;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

function hartmann(weights: readonly (readonly number[])[], places: readonly (readonly number[])[]) {
  const heights = [1, 1.2, 3, 3.2];
  return (x: readonly number[]) =>
    -sum(
      heights.map(
        (height, i) =>
          height * exp(-sum(x.map((v, j) => weights[i]![j]! * (v - 1e-4 * places[i]![j]!) ** 2))),
      ),
    );
}

export const testFunctions: Readonly<Record<string, TestFunction>> = {
  sphere: { dimensions: 5, low: -5, high: 5, value: (x) => sum(x.map((v) => v * v)) },
  rosenbrock: {
    ...{ dimensions: 3, low: -2, high: 2 },
    value: (x) => sum(x.slice(1).map((b, i) => 100 * (b - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2)),
  },
  branin: {
    ...{ dimensions: 2, low: -5, high: 15 },
    value: ([a, b]) => {
      const bend = b! - (5.1 / (4 * PI ** 2)) * a! ** 2 + (5 / PI) * a! - 6;
      return bend ** 2 + 10 * (1 - 1 / (8 * PI)) * cos(a!) + 10;
    },
  },
  camel: {
    ...{ dimensions: 2, low: -2, high: 2 },
    value: ([a, b]) => (4 - 2.1 * a! ** 2 + a! ** 4 / 3) * a! ** 2 + a! * b! + (-4 + 4 * b! ** 2) * b! ** 2,
  },
  hartmann3: {
    ...{ dimensions: 3, low: 0, high: 1 },
    value: hartmann(
      [
        [3, 10, 30],
        [0.1, 10, 35],
        [3, 10, 30],
        [0.1, 10, 35],
      ],
      [
        [3689, 1170, 2673],
        [4699, 4387, 7470],
        [1091, 8732, 5547],
        [381, 5743, 8828],
      ],
    ),
  },
  hartmann6: {
    ...{ dimensions: 6, low: 0, high: 1 },
    value: hartmann(
      [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
      ],
      [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
      ],
    ),
  },
  ackley: {
    ...{ dimensions: 5, low: -30, high: 30 },
    value: (x) =>
      -20 * exp(-0.2 * sqrt(mean(x.map((v) => v * v)))) - exp(mean(x.map((v) => cos(2 * PI * v)))) + 20 + E,
  },
  rastrigin: {
    ...{ dimensions: 4, low: -5, high: 5 },
    value: (x) => sum(x.map((v) => v * v - 10 * cos(2 * PI * v) + 10)),
  },
  griewank: {
    ...{ dimensions: 4, low: -60, high: 60 },
    value: (x) =>
      1 + sum(x.map((v) => v * v)) / 4000 - x.reduce((product, v, i) => product * cos(v / sqrt(i + 1)), 1),
  },
  styblinski: {
    ...{ dimensions: 5, low: -5, high: 5 },
    value: (x) => sum(x.map((v) => v ** 4 - 16 * v * v + 5 * v)) / 2,
  },
};
