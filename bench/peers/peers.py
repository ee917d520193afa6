"""numpy and PyTorch, behind the protocol of protocol.mjs: python3 peers.py numpy|pytorch [options]. See README.md."""

import argparse
import ctypes
import json
import os
import platform
import re
import sys
import time

ROUND_SECONDS = 0.3

parser = argparse.ArgumentParser()
parser.add_argument("peer", choices=["numpy", "pytorch"])
parser.add_argument("--data", help="folder with MNIST's four IDX files")
parser.add_argument("--dense", action="store_true", help="Gaussian inputs instead of the images")
parser.add_argument("--network", help="one of networks.json, instead of 784-300-10")
parser.add_argument("--rows", type=int)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--warmup", type=int, default=100, metavar="STEPS")
parser.add_argument("--steps", type=int)
options = parser.parse_args()

LEARNING_RATE = 0.05 if options.dense else 0.5  # the reason is in workload.mjs

# Read once, when the library is loaded: https://numpy.org/doc/stable/reference/global_state.html#number-of-threads-used-for-linear-algebra
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = str(options.threads)


def say(message):
    print(json.dumps(message), flush=True)


try:
    import numpy as np
    from workload import BATCH, CLASSES, HIDDEN, INPUTS, TRAINING_ROWS, initial_weights, load_rows, parse_product

    if options.peer == "pytorch":
        import torch
        from networks import Network, Trainer, faster_layout, predictor, tensor
except ImportError as error:
    say({"peer": options.peer, "missing": True, "error": str(error)})
    sys.exit(0)


class Numpy:
    version = np.__version__

    def __init__(self):
        self.settings = {"blas": blas()}

    class Trainer:
        """Every array is allocated once, every product written in place, everything float32."""

        def __init__(self, batches):
            self.batches = batches
            self.hidden = np.empty((BATCH, HIDDEN), np.float32)
            self.d_hidden = np.empty((BATCH, HIDDEN), np.float32)
            self.logits = np.empty((BATCH, CLASSES), np.float32)
            self.row = np.empty((BATCH, 1), np.float32)
            self.d_w1 = np.empty((INPUTS, HIDDEN), np.float32)
            self.d_b1 = np.empty(HIDDEN, np.float32)
            self.d_w2 = np.empty((HIDDEN, CLASSES), np.float32)
            self.d_b2 = np.empty(CLASSES, np.float32)

        def reset(self):
            self.w1, self.b1, self.w2, self.b2 = initial_weights()

        def run(self, order):
            with np.errstate(over="ignore"):  # exp(-x) may reach infinity, whose reciprocal is the sigmoid wanted
                return [self.step(*self.batches[i]) for i in order]

        def step(self, x, y):
            size = len(y)
            hidden, d_hidden = self.hidden[:size], self.d_hidden[:size]
            logits, row = self.logits[:size], self.row[:size]
            picked = np.arange(size), y

            np.dot(x, self.w1, out=hidden)
            hidden += self.b1
            np.negative(hidden, out=hidden)
            np.exp(hidden, out=hidden)
            hidden += 1
            np.reciprocal(hidden, out=hidden)

            np.dot(hidden, self.w2, out=logits)
            logits += self.b2
            np.max(logits, axis=1, keepdims=True, out=row)
            logits -= row
            target = logits[picked].sum()
            np.exp(logits, out=logits)
            np.sum(logits, axis=1, keepdims=True, out=row)
            loss = (np.log(row).sum() - target) / size

            # The gradient is scaled by the learning rate where it is smallest.
            logits /= row
            logits[picked] -= 1
            logits *= np.float32(LEARNING_RATE / size)
            np.dot(logits, self.w2.T, out=d_hidden)
            d_hidden *= hidden
            np.dot(hidden.T, logits, out=self.d_w2)
            np.subtract(1, hidden, out=hidden)
            d_hidden *= hidden
            np.dot(x.T, d_hidden, out=self.d_w1)
            np.sum(logits, axis=0, out=self.d_b2)
            np.sum(d_hidden, axis=0, out=self.d_b1)

            self.w1 -= self.d_w1
            self.b1 -= self.d_b1
            self.w2 -= self.d_w2
            self.b2 -= self.d_b2
            return float(loss)

    def trainer(self, batches):
        return self.Trainer(batches)

    def product(self, a, b):
        out = np.empty((len(a), b.shape[1]), np.float32)
        return lambda: np.dot(a, b, out=out)


class PyTorch:
    def __init__(self):
        torch.set_num_threads(options.threads)
        self.version = torch.__version__
        built_with = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
        self.settings = {"blas": f"{built_with[1] if built_with else ''} {openblas_core()}".strip()}
        if hasattr(torch.backends, "cpu"):
            self.settings["cpu"] = torch.backends.cpu.get_cpu_capability()
        self.settings["avx512"] = has_avx512()

    def trainer(self, batches):
        model = torch.nn.Sequential(
            torch.nn.Linear(INPUTS, HIDDEN), torch.nn.Sigmoid(), torch.nn.Linear(HIDDEN, CLASSES)
        )

        def reset():
            w1, b1, w2, b2 = initial_weights()
            with torch.no_grad():  # a Linear's weight is [out, in]
                for parameter, values in zip(model.parameters(), (w1.T, b1, w2.T, b2)):
                    parameter.copy_(tensor(np.ascontiguousarray(values)))

        return Trainer(model, [(tensor(x), tensor(y.astype(np.int64))) for x, y in batches], LEARNING_RATE, reset)

    def product(self, a, b):
        a, b = tensor(a), tensor(b)
        out = torch.empty(len(a), b.shape[1])
        return lambda: torch.mm(a, b, out=out)


def blas():
    """The library that numpy multiplies with, and the kernel it picked for this processor."""
    try:
        from threadpoolctl import threadpool_info

        for pool in threadpool_info():
            if pool["user_api"] == "blas":
                return f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip()
    except ImportError:
        pass
    try:
        found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{found['name']} {found['version']} {openblas_core()}".strip()
    except (TypeError, KeyError):
        return None


def has_avx512():
    """Of the processor: oneDNN, which convolves for PyTorch, uses what it finds there."""
    try:
        with open("/proc/cpuinfo") as file:
            return "avx512f" in file.read()
    except OSError:
        return None


def openblas_core():
    """Asks the loaded OpenBLAS itself, as threadpoolctl does."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split(None, 5)[5].strip() for line in maps if "openblas" in line}
    except OSError:
        return ""
    for path in paths:
        for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
            function = getattr(ctypes.CDLL(path), f"{prefix}openblas_get_corename{suffix}", None)
            if function:
                function.restype = ctypes.c_char_p
                return function().decode()
    return ""


class Training:
    """Rounds of one trainer and its batches."""

    def __init__(self, trainer, batches):
        self.trainer = trainer
        self.sizes = [len(labels) for _, labels in batches]

    def measure(self, steps=None):
        steps = int(steps or options.steps or len(self.sizes))
        order = [i % len(self.sizes) for i in range(steps)]
        sizes = [self.sizes[i] for i in order]
        self.trainer.reset()
        start = time.perf_counter()
        losses = self.trainer.run(order)
        elapsed = time.perf_counter() - start

        def mean(n):
            return sum(size * loss for size, loss in zip(sizes[:n], losses)) / sum(sizes[:n])

        return {
            "data": "dense" if options.dense else "mnist",
            "learningRate": LEARNING_RATE,
            "batch": BATCH,
            "steps": steps,
            "samples": sum(sizes),
            "seconds": elapsed,
            "samplesPerSecond": sum(sizes) / elapsed,
            "loss": mean(steps),
            "lossFirst10": mean(10),
            "losses": losses[:10],
        }


class Rounds:
    """The tasks, timed from the outside of the peer's own loop."""

    def __init__(self, peer):
        self.peer, self.products = peer, {}
        if options.network:
            self.network = Network(options.network)
            batches = self.network.batches(options.data, options.rows)
            peer.settings["layout"], self.layout = faster_layout(self.network, batches)
            self.trainers, self.predictors = {}, {}
            self.train, self.predict = self.train_network, self.predict_network
        elif options.data:
            x, y = load_rows(options.data, options.rows or TRAINING_ROWS, options.dense)
            batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, len(y), BATCH)]
            trainer = Training(peer.trainer(batches), batches)
            self.train = trainer.measure
        if options.data and options.warmup:
            self.train(options.warmup)

    def train_network(self, steps=None, batch=BATCH):
        size = int(batch)
        if size not in self.trainers:
            batches = self.network.batches(options.data, options.rows, size)
            self.trainers[size] = Training(self.network.trainer(batches, self.layout), batches)
        answer = self.trainers[size].measure(steps)
        return {**answer, "data": options.network, "learningRate": self.network.learning_rate, "batch": size}

    def predict_network(self, rows=BATCH):
        rows = int(rows)
        if rows not in self.predictors:
            [(x, _)] = self.network.batches(options.data, rows, rows)
            self.predictors[rows] = x, predictor(self.network, x, self.layout)().flatten().tolist()
        x, logits = self.predictors[rows]
        # Training has the same module: weights are the initial ones again.
        run = predictor(self.network, x, self.layout)
        run()
        runs, elapsed = repeat(run)
        rate = {"runs": runs, "seconds": elapsed, "samplesPerSecond": runs * rows / elapsed}
        return {"data": options.network, "rows": rows, **rate, "outputs": logits[:CLASSES] + logits[-CLASSES:]}

    def matmul(self, shape, variant="general"):
        if variant != "general":
            raise ValueError(f"no such product here: '{variant}'")
        if shape not in self.products:
            a, b = parse_product(shape)
            run = self.peer.product(a, b)
            repeat(run)
            exact = a.astype(np.float64) @ b
            if not np.abs(np.array(run().tolist()) - exact).max() <= 1e-5 * a.shape[1]:
                raise ValueError("wrong product")
            self.products[shape] = run, 2e-9 * a.shape[0] * a.shape[1] * b.shape[1]
        run, operations = self.products[shape]
        runs, elapsed = repeat(run)
        return {"shape": shape, "runs": runs, "seconds": elapsed, "gflops": operations * runs / elapsed}


def repeat(run):
    start = time.perf_counter()
    runs, elapsed = 0, 0.0
    while elapsed < ROUND_SECONDS:
        run()
        runs += 1
        elapsed = time.perf_counter() - start
    return runs, elapsed


def main():
    started = time.perf_counter()
    peer = Numpy() if options.peer == "numpy" else PyTorch()
    runtime = f"python {platform.python_version()}"
    context = {"peer": options.peer, "version": peer.version, "runtime": runtime, "threads": options.threads, "settings": peer.settings}
    rounds = Rounds(peer)
    names = ("train", "predict") if options.network else ("matmul", "train")
    tasks = [task for task in names if hasattr(rounds, task)]
    say({"ready": True, **context, "tasks": tasks, "setupSeconds": time.perf_counter() - started})
    for line in sys.stdin:
        if not line.strip():
            continue
        command, *arguments = line.split()
        if command == "quit":
            break
        try:
            if command not in tasks:
                raise ValueError(f"no such task here: '{command}'")
            say({**context, "task": command, **getattr(rounds, command)(*arguments)})
        except Exception as error:
            say({**context, "task": command, "error": str(error)})


main()
