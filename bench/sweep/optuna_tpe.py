"""The best values that Optuna's TPE finds on the functions of functions.ts, for bench/sweep/tpe.ts to compare with.

python3 bench/sweep/optuna_tpe.py TRIALS SEEDS  prints JSON. Debian's python3-optuna has what it needs.
"""
import json
import math
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)

HARTMANN_ALPHA = [1.0, 1.2, 3.0, 3.2]
HARTMANN3_A = [[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]]
HARTMANN3_P = [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
HARTMANN6_A = [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
]
HARTMANN6_P = [
    [1312, 1696, 5569, 124, 8283, 5886],
    [2329, 4135, 8307, 3736, 1004, 9991],
    [2348, 1451, 3522, 2883, 3047, 6650],
    [4047, 8828, 8732, 5743, 1091, 381],
]


def hartmann(a, p):
    return lambda x: -sum(
        c * math.exp(-sum(w * (v - 1e-4 * q) ** 2 for w, q, v in zip(row, place, x)))
        for c, row, place in zip(HARTMANN_ALPHA, a, p)
    )


def ackley(x):
    squares = sum(v * v for v in x) / len(x)
    cosines = sum(math.cos(2 * math.pi * v) for v in x) / len(x)
    return -20 * math.exp(-0.2 * math.sqrt(squares)) - math.exp(cosines) + 20 + math.e


def branin(x):
    bend = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10


def griewank(x):
    product = 1
    for i, v in enumerate(x):
        product *= math.cos(v / math.sqrt(i + 1))
    return 1 + sum(v * v for v in x) / 4000 - product


def camel(x):
    a, b = x
    return (4 - 2.1 * a * a + a**4 / 3) * a * a + a * b + (-4 + 4 * b * b) * b * b


FUNCTIONS = {
    "sphere": (5, -5, 5, lambda x: sum(v * v for v in x)),
    "rosenbrock": (
        3,
        -2,
        2,
        lambda x: sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:])),
    ),
    "branin": (2, -5, 15, branin),
    "camel": (2, -2, 2, camel),
    "hartmann3": (3, 0, 1, hartmann(HARTMANN3_A, HARTMANN3_P)),
    "hartmann6": (6, 0, 1, hartmann(HARTMANN6_A, HARTMANN6_P)),
    "ackley": (5, -30, 30, ackley),
    "rastrigin": (4, -5, 5, lambda x: sum(v * v - 10 * math.cos(2 * math.pi * v) + 10 for v in x)),
    "griewank": (4, -60, 60, griewank),
    "styblinski": (5, -5, 5, lambda x: sum(v**4 - 16 * v * v + 5 * v for v in x) / 2),
}


def best(name, trials, seed, multivariate):
    size, low, high, function = FUNCTIONS[name]
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=multivariate)
    study = optuna.create_study(sampler=sampler)
    study.optimize(
        lambda trial: function([trial.suggest_float(f"x{i}", low, high) for i in range(size)]),
        n_trials=trials,
    )
    return study.best_value


def main():
    trials, seeds = int(sys.argv[1]), int(sys.argv[2])
    result = {"optuna": optuna.__version__, "trials": trials, "at": {}, "best": {}}
    for name, (size, low, high, function) in FUNCTIONS.items():
        point = [low + (high - low) * (0.3 + 0.11 * i) for i in range(size)]
        result["at"][name] = function(point)
        result["best"][name] = {
            kind: [best(name, trials, seed, kind == "multivariate") for seed in range(seeds)]
            for kind in ("univariate", "multivariate")
        }
    print(json.dumps(result))


main()
