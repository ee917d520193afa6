"""Writes convolutions.json beside it: layers of convolutions as PyTorch computes them in float64 (recorded with 1.13, on the CPU).

    /usr/bin/python3 test/parity/convolutions.py

Images, weights and targets come from a formula that convolutions.test.ts has too. Of outputs and gradients three sums with other such
numbers are kept, to which each element contributes.
"""
import json
import math
import pathlib
import sys

import torch
from torch.nn import functional as F

sys.path.append(str(pathlib.Path(__file__).parents[1] / "networks"))
from formula import numbers

torch.set_default_dtype(torch.float64)
ROWS = 3

# The image, then layers: kind, arguments, options.
CASES = {
    "3x3": ([5, 6, 2], ["conv2d", [4, 3], {}]),
    "1x1": ([3, 4, 3], ["conv2d", [5, 1], {}]),
    "same, even kernel": ([5, 4, 2], ["conv2d", [3, [2, 4]], {"padding": "same"}]),
    "stride": ([7, 8, 2], ["conv2d", [3, 3], {"stride": [2, 3]}]),
    "same, stride": ([7, 8, 3], ["conv2d", [4, 3], {"stride": 2, "padding": "same"}]),
    "stride above size": ([9, 7, 1], ["conv2d", [2, 2], {"stride": 4}]),
    "padding above size": ([2, 3, 2], ["conv2d", [2, [2, 1]], {"padding": [3, 2]}]),
    "four sides": ([4, 5, 1], ["conv2d", [3, 3], {"padding": [0, 1, 2, 3]}]),
    "dilation": ([8, 7, 2], ["conv2d", [3, 3], {"dilation": [2, 3], "padding": 1}]),
    "groups": ([5, 5, 6], ["conv2d", [4, 3], {"groups": 2, "bias": False}]),
    "as many groups as channels": ([4, 4, 3], ["conv2d", [6, 2], {"groups": 3, "activation": "tanh"}]),
    "all at once": ([9, 8, 4], ["conv2d", [6, [3, 2]], {"stride": [2, 1], "padding": 2, "dilation": [1, 2], "groups": 2,
                                                      "activation": "sigmoid"}]),
    "many channels": ([4, 4, 17], ["conv2d", [33, 3], {"padding": 1}]),
    "depthwise": ([6, 5, 5], ["depthwiseConv2d", [3], {"stride": 2, "padding": "same"}]),
    "depthwise, several outputs": ([5, 5, 3], ["depthwiseConv2d", [3], {"multiplier": 2}]),
    "separable": ([6, 6, 3], ["separableConv2d", [5, 3], {"padding": "same", "multiplier": 2}]),
    "series": ([9, 3], ["conv1d", [4, 3], {"stride": 2, "padding": 1}]),
    "series, causal": ([8, 2], ["conv1d", [4, 3], {"dilation": 2, "padding": [4, 0], "groups": 2}]),
    "series, same": ([8, 2], ["conv1d", [3, 4], {"padding": "same"}]),
    "transposed": ([3, 4, 2], ["convTranspose2d", [3, 3], {}]),
    "transposed, stride": ([3, 4, 4], ["convTranspose2d", [6, 3], {"stride": [2, 3], "padding": 1, "outputPadding": [1, 2], "groups": 2}]),
    "transposed, same": ([3, 4, 3], ["convTranspose2d", [2, [3, 4]], {"stride": 2, "padding": "same"}]),
    "transposed, stride above size": ([3, 2, 2], ["convTranspose2d", [2, 2], {"stride": 3, "padding": "same"}]),
    "transposed, four sides": ([4, 4, 1], ["convTranspose2d", [2, 3], {"dilation": 2, "padding": [1, 0, 2, 3], "activation": "tanh"}]),
}


def of_shape(shape, seed):
    return numbers(math.prod(shape), seed).reshape(shape)


def pair(value):
    return value if isinstance(value, list) else [value, value]


def sides(padding, lengths, extents, strides):
    """Top, left, bottom, right; `same` as TensorFlow's documentation has it."""
    if padding == "same":
        all = [max((math.ceil(n / s) - 1) * s + e - n, 0) for n, e, s in zip(lengths, extents, strides)]
        return [all[0] // 2, all[1] // 2, all[0] - all[0] // 2, all[1] - all[1] // 2]
    if padding == "valid":
        return [0, 0, 0, 0]
    return pair(padding) if len(pair(padding)) == 4 else pair(padding) * 2


class Weights(list):
    """Given out in the order in which they are asked for."""

    def __call__(self, *shape):
        self.append(of_shape(shape, 100 + len(self)).requires_grad_())
        return self[-1]


def window(options, size):
    strides, dilations = pair(options.get("stride", 1)), pair(options.get("dilation", 1))
    extents = [d * (k - 1) + 1 for d, k in zip(dilations, size)]
    return strides, dilations, extents, options.get("padding", "valid")


def convolve(x, w, bias, options, groups):
    strides, dilations, extents, padding = window(options, w.shape[:2])
    top, left, bottom, right = sides(padding, x.shape[1:3], extents, strides)
    padded = F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom))
    y = F.conv2d(padded, w.permute(3, 2, 0, 1), bias, strides, 0, dilations, groups)
    return y.permute(0, 2, 3, 1)


def conv2d(weights, x, channels, size, options):
    groups = options.get("groups", 1)
    w = weights(*pair(size), x.shape[3] // groups, channels)
    return convolve(x, w, weights(channels) if options.get("bias", True) else None, options, groups)


def depthwiseConv2d(weights, x, size, options):
    inputs = x.shape[3]
    return conv2d(weights, x, inputs * options.get("multiplier", 1), size, {**options, "groups": inputs})


def separableConv2d(weights, x, channels, size, options):
    return conv2d(weights, depthwiseConv2d(weights, x, size, {**options, "bias": False}), channels, 1, {})


def conv1d(weights, x, channels, size, options):
    groups = options.get("groups", 1)
    w = weights(1, size, x.shape[2] // groups, channels)
    stride, dilation, padding = options.get("stride", 1), options.get("dilation", 1), options.get("padding", "valid")
    extent = dilation * (size - 1) + 1
    both = isinstance(padding, list)
    ends = padding if both else sides(padding, x.shape[1:2] * 2, [extent] * 2, [stride] * 2)[::2]
    y = F.conv1d(F.pad(x.permute(0, 2, 1), ends), w[0].permute(2, 1, 0), weights(channels), stride, 0, dilation, groups)
    return y.permute(0, 2, 1)


def convTranspose2d(weights, x, channels, size, options):
    groups = options.get("groups", 1)
    w, bias = weights(*pair(size), channels // groups, x.shape[3]), weights(channels)
    strides, dilations, extents, padding = window(options, w.shape[:2])
    more = pair(options.get("outputPadding", 0))
    full = F.conv_transpose2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), None, strides, 0, more, groups, dilations)
    if padding == "same":
        height, width = (n * s for n, s in zip(x.shape[1:3], strides))
        top, left, _, _ = sides("same", [height, width], extents, strides)
        bottom, right = full.shape[2] - top - height, full.shape[3] - left - width
    else:
        top, left, bottom, right = sides(padding, None, None, None)
    # Cut off, or, where the kernel is smaller than the stride, added.
    y = F.pad(full, (-left, -right, -top, -bottom)).permute(0, 2, 3, 1)
    return y + bias


LAYERS = {f.__name__: f for f in (conv2d, depthwiseConv2d, separableConv2d, conv1d, convTranspose2d)}
ACTIVATIONS = {"identity": lambda z: z, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def sums(tensor):
    values = tensor.detach().reshape(-1)
    return [round(float(values @ numbers(len(values), 300 + i)), 12) for i in range(3)]


def record(shape, layer):
    kind, given, options = layer
    weights = Weights()
    x = of_shape([ROWS, *shape], 1).requires_grad_()
    y = ACTIVATIONS[options.get("activation", "identity")](LAYERS[kind](weights, x, *given, options))
    loss = F.mse_loss(y, of_shape(y.shape, 2))
    # That of a value that is added to every image: the sum over them.
    gradients = torch.autograd.grad(loss, [x, *weights])
    return {"shape": shape, "layer": layer, "output": list(y.shape[1:]), "outputs": sums(y), "loss": loss.item(),
            "parameters": [list(w.shape) for w in weights],
            "gradients": [sums(gradients[0].sum(0)), *(sums(g) for g in gradients[1:])]}


cases = [{"name": name, **record(*case)} for name, case in CASES.items()]
lines = ",\n".join(f"  {json.dumps(case)}" for case in cases)
pathlib.Path(__file__).with_suffix(".json").write_text(f"[\n{lines}\n]\n")
