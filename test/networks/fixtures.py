"""Writes fixtures.json: ten losses of SGD of each network here, as PyTorch has them, in float64.

    /usr/bin/python3 test/networks/fixtures.py

Networks are written anew, from the papers and PyTorch's own functions. Weights and data are those of numbers.ts, by the same formula.
"""
import json
import math
import pathlib

import torch
from formula import numbers
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
ROWS, STEPS, RATE = 6, 10, 0.2


def whole(count, below, seed):
    return torch.floor((numbers(count, seed) + 0.5) * below).long().clamp(max=below - 1)


class Parameters:
    """Given out in the order in which they are asked for first; buffers count apart."""

    def __init__(self):
        self.known, self.buffers = {}, 0

    def __call__(self, name, *shape, trainable=True):
        if name not in self.known:
            seed = 100 + len(self.known)
            scale = 2 / math.sqrt(shape[0]) if len(shape) == 2 else 0.5
            values = (numbers(math.prod(shape), seed) * scale).float().double().reshape(shape)
            self.known[name] = values.requires_grad_(trainable)
        return self.known[name]

    def buffer(self, *shape):
        self.buffers += 1
        return (numbers(math.prod(shape), 199 + self.buffers) * 0.5).float().double().reshape(shape)

    def conv(self, name, x, channels, size, bias=True, **options):
        """Of images [rows, channels, height, width]; the weight is [height, width, in, out]."""
        w = self(f"{name}.weight", *size, x.shape[1], channels).permute(3, 2, 0, 1)
        return F.conv2d(x, w, self(f"{name}.bias", channels) if bias else None, **options)

    def batch_norm(self, name, x):
        channels = x.shape[1]
        weight, bias = self(f"{name}.weight", channels), self(f"{name}.bias", channels)
        return F.batch_norm(x, None, None, weight, bias, training=True)

    def dense(self, name, x, units, trainable=True):
        weight = self(f"{name}.weight", x.shape[-1], units, trainable=trainable)
        return F.linear(x, weight.T, self(f"{name}.bias", units, trainable=trainable))


def floats(width, seed):
    return 2 * numbers(ROWS * STEPS * width, seed).reshape(ROWS * STEPS, width)


def labels(classes):
    return whole(ROWS * STEPS, classes, 50)


def residual(p, x):
    h = F.relu(p.dense("in", x, 8))
    for i in range(2):
        h = h + p.dense(f"{i}.b", torch.tanh(p.dense(f"{i}.a", h, 8)), 8)
    return p.dense("out", h, 3)


def several(p, image, row):
    seen = F.relu(p.dense("image", image, 6))
    both = torch.tanh(p.dense("all", torch.cat([seen, row], 1), 8))
    return p.dense("kind", both, 3), p.dense("price", both, 1)


def several_loss(outputs, answers):
    return F.cross_entropy(outputs[0], answers[0]) + 0.5 * F.mse_loss(outputs[1], answers[1])


def transformer(p, x):
    x = x.reshape(-1, 5, 8)
    weights = [p(name, 8, 8) for name in ("query", "key", "value", "output")]
    mask = torch.triu(torch.ones(5, 5, dtype=torch.bool), diagonal=1)
    # PyTorch's own: its weights are [out, in], the places come first.
    y, _ = F.multi_head_attention_forward(
        x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1), 8, 2,
        torch.cat([w.T for w in weights[:3]]), None, None, None, False, 0.0, weights[3].T, None,
        training=True, need_weights=False, attn_mask=mask)
    return p.dense("head", (x + y.transpose(0, 1)).flatten(1), 3)


def siamese(p, left, right):
    a, b = (p.dense("b", torch.tanh(p.dense("a", x, 8)), 4) for x in (left, right))
    return torch.sqrt(((a - b) ** 2).sum(1, keepdim=True) + 1e-6)


def contrastive(distance, same):
    return (same * distance ** 2 + (1 - same) * F.relu(1 - distance) ** 2).mean()


def tied(p, x):
    weight = p("weight", 6, 3)
    return torch.tanh(x @ weight + p("inner", 3)) @ weight.T + p("outer", 6)


def factorisation(p, user, item):
    user, item = user[:, 0], item[:, 0]
    a, b = F.embedding(user, p("user", 7, 4)), F.embedding(item, p("item", 5, 4))
    biases = F.embedding(user, p("userBias", 7, 1)) + F.embedding(item, p("itemBias", 5, 1))
    return (a * b).sum(1, keepdim=True) + biases


def hidden(units, activation):
    return lambda p, x: p.dense("b", activation(p.dense("a", x, 6)), units)


def focal_loss(logits, target):
    cross = F.cross_entropy(logits, target, reduction="none")
    return ((1 - torch.exp(-cross)) ** 2 * cross).mean()


def quantile_loss(output, target):
    below = target - output
    return torch.where(below > 0, 0.9 * below, -0.1 * below).mean()


def distillation_loss(student, teacher):
    return 4 * F.cross_entropy(student / 2, F.softmax(teacher / 2, 1))


def frozen(p, x):
    h = torch.tanh(p.dense("0", x, 8, trainable=False))
    return p.dense("head", torch.tanh(p.dense("1", h, 6, trainable=False)), 3)


def swish(p, x):
    h = p.dense("in", x, 6) - p.buffer(6)
    return p.dense("out", h * torch.sigmoid(p("beta", 1) * h), 3)


def images(x, height, width):
    return x.reshape(len(x), height, width, -1).permute(0, 3, 1, 2)


def lenet(p, x):
    h = F.avg_pool2d(torch.tanh(p.conv("0", images(x, 8, 10), 3, [3, 3], padding=1)), 2)
    h = F.max_pool2d(F.relu(p.conv("2", h, 4, [2, 3])), 2)
    # In a line with the channels last.
    return p.dense("6", torch.tanh(p.dense("5", h.permute(0, 2, 3, 1).flatten(1), 6)), 3)


def block(p, name, x, channels, stride):
    h = p.conv(f"{name}.a", x, channels, [3, 3], bias=False, padding=1, stride=stride)
    h = F.relu(p.batch_norm(f"{name}.an", h))
    h = p.batch_norm(f"{name}.bn", p.conv(f"{name}.b", h, channels, [3, 3], bias=False, padding=1))
    return F.relu(h + (x if stride == 1 else p.conv(f"{name}.c", x, channels, [1, 1], bias=False, stride=stride)))


def resnet(p, x):
    h = p.conv("in", images(x, 6, 5), 4, [3, 3], padding=1)
    h = block(p, "1", block(p, "0", h, 4, 1), 6, 2)
    return p.dense("out", h.mean((2, 3)), 3)


NETWORKS = {
    "residual": (residual, [floats(4, 1)], [labels(3)], F.cross_entropy),
    "several": (several, [floats(16, 1), floats(3, 2)], [labels(3), floats(1, 51)], several_loss),
    "transformer": (transformer, [floats(40, 1)], [labels(3)], F.cross_entropy),
    "siamese": (siamese, [floats(6, 1), floats(6, 2)], [labels(2).double()[:, None]], contrastive),
    "tied": (tied, [floats(6, 1)], [floats(6, 1)], F.mse_loss),
    "factorisation": (
        factorisation, [whole(60, 7, 1)[:, None], whole(60, 5, 2)[:, None]], [floats(1, 50)], F.mse_loss),
    "focal": (hidden(3, torch.tanh), [floats(5, 1)], [labels(3)], focal_loss),
    "quantile": (hidden(1, torch.tanh), [floats(5, 1)], [floats(1, 50)], quantile_loss),
    "distillation": (hidden(4, F.relu), [floats(5, 1)], [floats(4, 50) * 2], distillation_loss),
    "frozen": (frozen, [floats(5, 1)], [labels(3)], F.cross_entropy),
    "swish": (swish, [floats(5, 1)], [labels(3)], F.cross_entropy),
    "lenet": (lenet, [floats(160, 1)], [labels(3)], F.cross_entropy),
    "resnet": (resnet, [floats(90, 1)], [labels(3)], F.cross_entropy),
}


def losses_of(network, inputs, answers, loss):
    parameters, losses = Parameters(), []
    for step in range(STEPS):
        batch = slice(ROWS * step, ROWS * (step + 1))
        parameters.buffers = 0
        output = network(parameters, *(x[batch] for x in inputs))
        answer = [y[batch] for y in answers]
        value = loss(output, answer if len(answer) > 1 else answer[0])
        losses.append(value.item())
        trained = [w for w in parameters.known.values() if w.requires_grad]
        for w, gradient in zip(trained, torch.autograd.grad(value, trained)):
            w.data -= RATE * gradient
    shapes = [list(w.shape) for w in parameters.known.values()]
    return {"parameters": shapes, "losses": [round(x, 10) for x in losses]}


fixtures = {name: losses_of(*rest) for name, rest in NETWORKS.items()}
lines = [f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in fixtures.items()]
path = pathlib.Path(__file__).with_name("fixtures.json")
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
