"""The convolutional networks of networks.json: their initial weights, their batches, and PyTorch's side of them. Twin of networks.mjs."""

import json
import os
import time

import numpy as np
import torch
from torch import nn
from workload import BATCH, load_rows, uniform, uniform_matrix

ROWS = 3200  # fifty batches


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + x)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Network:
    """A network of networks.json as a module with its initial weights."""

    def __init__(self, name):
        with open(os.path.join(os.path.dirname(__file__), "networks.json")) as file:
            networks = json.load(file)
        if name not in networks:
            raise ValueError(f"no such network: '{name}', expected {', '.join(networks)}")
        self.name = name
        self.image = networks[name]["image"]
        self.learning_rate = networks[name]["learningRate"]
        self.flattened = None
        modules = []
        height, width, channels = self.image
        for layer in networks[name]["layers"]:
            if "conv" in layer:
                size, padding, stride = layer["size"], layer["padding"], layer.get("stride", 1)
                modules += [nn.Conv2d(channels, layer["conv"], size, stride, padding), nn.ReLU()]
                height, width = ((length + 2 * padding - size) // stride + 1 for length in (height, width))
                channels = layer["conv"]
            elif "maxPool" in layer:
                modules.append(nn.MaxPool2d(layer["maxPool"]))
                height, width = height // layer["maxPool"], width // layer["maxPool"]
            elif "block" in layer:
                modules.append(Block(layer["block"]))
            elif "mean" in layer:
                modules.append(Mean())
            elif "flatten" in layer:
                modules.append(nn.Flatten())
                self.flattened = (height, width, channels)
                channels *= height * width
            else:
                modules += [nn.Linear(channels, layer["dense"]), nn.ReLU()]
                channels = layer["dense"]
        self.module = nn.Sequential(*modules[:-1])
        self.initial = list(self.initial_weights())

    def initial_weights(self):
        """The weights and the bias of each layer, as PyTorch has them: [out, in, height, width] and [out, in]."""
        flattened = self.flattened
        owners = [module for module in self.module.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
        for i, owner in enumerate(owners):
            outputs, inputs, *size = owner.weight.shape
            area = int(np.prod(size))
            limit = (6 / (area * (inputs + outputs))) ** 0.5
            weights = uniform_matrix(100 + i, area * inputs, outputs, limit)
            if size:
                weights = weights.reshape(*size, inputs, outputs).transpose(3, 2, 0, 1)
            elif flattened:
                # Its rows are [height, width, channels]; a Flatten here gives [channels, height, width].
                weights = weights.reshape(*flattened, outputs).transpose(3, 2, 0, 1).reshape(outputs, inputs)
                flattened = None
            else:
                weights = weights.T
            yield tensor(np.ascontiguousarray(weights))
            yield tensor(uniform_matrix(200 + i, 1, outputs, 0.1)[0])

    def reset(self):
        with torch.no_grad():
            for parameter, values in zip(self.module.parameters(), self.initial):
                parameter.copy_(values)

    def images(self, x, layout):
        turned = np.ascontiguousarray(x.reshape(-1, *self.image).transpose(0, 3, 1, 2))
        return tensor(turned).to(memory_format=layout)

    def batches(self, folder, rows=None, batch=BATCH):
        x, y = load_rows(folder, rows or ROWS)
        x = coloured(x) if self.image[2] == 3 else x
        return [(x[i : i + batch], y[i : i + batch]) for i in range(0, len(y), batch)]

    def trainer(self, batches, layout):
        given = [(self.images(x, layout), tensor(y.astype(np.int64))) for x, y in batches]
        return Trainer(self.module.to(memory_format=layout), given, self.learning_rate, self.reset)


class Trainer:
    """https://pytorch.org/tutorials/recipes/recipes/tuning_guide.html: fused loss, gradients set to None."""

    def __init__(self, model, batches, learning_rate, reset):
        self.model, self.batches, self.reset = model, batches, reset
        self.loss = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)

    def run(self, order):
        losses = []
        for i in order:
            x, y = self.batches[i]
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        return losses


def predictor(network, x, layout):
    """The logits of a batch, by the initial weights."""
    images = network.images(x, layout)
    model = network.module.to(memory_format=layout)
    network.reset()

    def run():
        with torch.inference_mode():
            return model(images)

    return run


def faster_layout(network, batches):
    """In which of its two layouts this PyTorch trains this network faster: three steps of each."""
    times = {}
    for name, layout in (("contiguous", torch.contiguous_format), ("channels_last", torch.channels_last)):
        trainer = network.trainer(batches[:1], layout)
        trainer.run([0])
        start = time.perf_counter()
        trainer.run([0, 0, 0])
        times[name] = time.perf_counter() - start, layout
    name = min(times, key=lambda name: times[name][0])
    return name, times[name][1]


def coloured(x):
    """MNIST's digits in the middle of 32 by 32 pixels, of one colour each, on a ground of one colour each."""
    rows = len(x)
    digits = np.zeros((rows, 32, 32, 1))
    digits[:, 2:30, 2:30, 0] = x.reshape(rows, 28, 28)
    colours = uniform(6, np.arange(rows * 6, dtype=np.uint32)).reshape(rows, 2, 1, 1, 3)
    return (digits * colours[:, 0] + (1 - digits) * colours[:, 1]).astype(np.float32)


def tensor(array):
    """Not from_numpy, which fails when PyTorch was built for another numpy."""
    kinds = {"float32": torch.float32, "int64": torch.int64}
    return torch.frombuffer(bytearray(array.tobytes()), dtype=kinds[array.dtype.name]).reshape(array.shape)
