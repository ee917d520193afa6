"""PyTorch on small networks, behind the protocol of protocol.mjs: a task is JSON, {"sizes", "what", "batch"}."""

import json
import sys
import time

ROUND_SECONDS = 0.1


def say(message):
    print(json.dumps(message), flush=True)


try:
    import torch
except ImportError as error:
    say({"peer": "pytorch", "missing": True, "error": str(error)})
    sys.exit(0)

torch.set_num_threads(1)


def values(*shape):
    count = 1
    for length in shape:
        count *= length
    return ((torch.arange(count) * 7 % 16) / 16).reshape(shape)


def prepare(sizes, what, batch):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(inputs, outputs))
        if i < len(sizes) - 2:
            layers.append(torch.nn.ReLU())
    model = torch.nn.Sequential(*layers)
    x = values(batch, sizes[0])
    if what == "predict":
        model.eval()

        def predict():
            with torch.no_grad():
                out = model(x)
                return (out if sizes[-1] == 1 else torch.softmax(out, 1)).tolist()

        return predict
    if sizes[-1] == 1:
        y, loss = values(batch, 1), torch.nn.MSELoss()
    else:
        y, loss = torch.arange(batch) % sizes[-1], torch.nn.CrossEntropyLoss()
    if what == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    def step():
        optimizer.zero_grad(set_to_none=True)
        own = loss(model(x), y)
        own.backward()
        optimizer.step()
        return own.item()

    return step


say({"ready": True, "peer": "pytorch", "version": torch.__version__})
prepared = {}
for line in sys.stdin:
    line = line.strip()
    if line == "quit":
        break
    if line not in prepared:
        prepared = {line: prepare(**json.loads(line))}
    call = prepared[line]
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < ROUND_SECONDS:
        call()
        count += 1
    say({"microseconds": 1e6 * (time.perf_counter() - start) / count})
