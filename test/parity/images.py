"""Writes images.json beside it: pooling and enlarging of images, by PyTorch (recorded with 1.13, on the CPU). Images are NHWC here.

    /usr/bin/python3 test/parity/images.py
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(16)


def numbers(tensor):
    """Of an NCHW tensor, in the order of NHWC, as short as float32 can be told apart."""
    return [float(str(value)) for value in tensor.permute(0, 2, 3, 1).flatten().numpy()]


def random(*shape):
    return torch.randn(*shape).mul(100).round().div(100)


cases = []


def record(layer, size, function):
    x = random(2, size[2], size[0], size[1]).requires_grad_()
    y = function(x)
    dy = random(*y.shape)
    y.backward(dy)
    cases.append({"layer": layer, "size": size, "x": numbers(x.detach()), "y": numbers(y.detach()), "dy": numbers(dy),
                  "dx": numbers(x.grad), "output": [y.shape[2], y.shape[3]]})


record({"kind": "maxPool2d", "size": 2}, [4, 6, 4], lambda x: F.max_pool2d(x, 2))
record({"kind": "maxPool2d", "size": 2}, [5, 5, 3], lambda x: F.max_pool2d(x, 2))
record({"kind": "maxPool2d", "size": 3, "stride": 2, "padding": 1}, [6, 7, 5], lambda x: F.max_pool2d(x, 3, 2, 1))
record({"kind": "maxPool2d", "size": [2, 3], "stride": [1, 2], "padding": [1, 1], "dilation": [2, 1]}, [5, 6, 2],
       lambda x: F.max_pool2d(x, (2, 3), (1, 2), (1, 1), (2, 1)))
record({"kind": "maxPool2d", "size": 3, "stride": 2, "ceilMode": True}, [6, 6, 2],
       lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True))
record({"kind": "maxPool2d", "size": 2, "stride": 2, "padding": 1, "ceilMode": True}, [4, 5, 1],
       lambda x: F.max_pool2d(x, 2, 2, 1, ceil_mode=True))
record({"kind": "avgPool2d", "size": 2}, [4, 6, 4], lambda x: F.avg_pool2d(x, 2))
record({"kind": "avgPool2d", "size": 3, "stride": 2, "padding": 1}, [6, 7, 5],
       lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
record({"kind": "avgPool2d", "size": 3, "stride": 2, "padding": 1, "countIncludePad": True}, [6, 7, 5],
       lambda x: F.avg_pool2d(x, 3, 2, 1))
record({"kind": "avgPool2d", "size": 3, "stride": 2, "padding": 1, "countIncludePad": True, "ceilMode": True}, [6, 6, 2],
       lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True))
record({"kind": "avgPool2d", "size": [2, 3], "stride": [2, 1], "ceilMode": True}, [5, 4, 3],
       lambda x: F.avg_pool2d(x, (2, 3), (2, 1), ceil_mode=True, count_include_pad=False))
record({"kind": "upsample", "scale": 2}, [3, 2, 4], lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
record({"kind": "upsample", "size": [5, 7]}, [3, 4, 2], lambda x: F.interpolate(x, (5, 7), mode="nearest-exact"))
record({"kind": "upsample", "scale": [2, 3], "mode": "bilinear"}, [3, 4, 5],
       lambda x: F.interpolate(x, scale_factor=(2, 3), mode="bilinear", align_corners=False))
record({"kind": "upsample", "size": [5, 3], "mode": "bilinear"}, [3, 7, 3],
       lambda x: F.interpolate(x, (5, 3), mode="bilinear", align_corners=False))
record({"kind": "reflect", "amounts": [[2, 1], [0, 3], [0, 0]]}, [3, 4, 2], lambda x: F.pad(x, (0, 3, 2, 1), mode="reflect"))
record({"kind": "edge", "amounts": [[2, 1], [0, 3], [0, 0]]}, [2, 3, 3], lambda x: F.pad(x, (0, 3, 2, 1), mode="replicate"))

# Batch norm of channels, in training, over rows, height and width.
norm = torch.nn.BatchNorm2d(3, eps=1e-3, momentum=0.2)
with torch.no_grad():
    norm.weight.copy_(torch.tensor([0.5, 2.0, -1.0]))
    norm.bias.copy_(torch.tensor([0.1, 0.0, 3.0]))
x = (random(2, 3, 4, 5) + 2).requires_grad_()
y = norm(x)
dy = random(*y.shape)
y.backward(dy)
batch_norm = {
    "x": numbers(x.detach()), "y": numbers(y.detach()), "dy": numbers(dy), "dx": numbers(x.grad),
    "weight": norm.weight.grad.tolist(), "bias": norm.bias.grad.tolist(),
    "runningMean": norm.running_mean.tolist(), "runningVar": norm.running_var.tolist(),
}

recorded = {"torch": torch.__version__, "cases": cases, "batchNorm": batch_norm}
text = json.dumps(recorded).replace('{"layer"', '\n{"layer"').replace('"batchNorm"', '\n"batchNorm"')
pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")
