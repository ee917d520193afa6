"""Writes the files beside it: small networks of images as PyTorch saves and exports them (recorded with 1.13, on the CPU).

    /usr/bin/python3 test/formats/torch/fixtures.py

Of each network: its state_dict in safetensors, written here as the format's page has it; the ONNX file of torch.onnx.export; and, in
outputs.json, what it gives for inputs of a formula that the tests have too. Modules are called as lanegrad's layers are.
"""
import io
import json
import math
import pathlib
import struct
import sys
import warnings

import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).parents[2] / "networks"))
from formula import numbers

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
ROWS = 2


class Residual(nn.Module):
    """Two convolutions with norms, and the input added, through a convolution where its shape is another."""

    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv2d = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.batchNorm = nn.BatchNorm2d(channels)
        self.conv2d_1 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.batchNorm_1 = nn.BatchNorm2d(channels)
        if stride > 1:
            self.conv2d_2 = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.batchNorm_2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        a = torch.relu(self.batchNorm(self.conv2d(x)))
        b = self.batchNorm_1(self.conv2d_1(a))
        skip = self.batchNorm_2(self.conv2d_2(x)) if hasattr(self, "conv2d_2") else x
        return torch.relu(b + skip)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv2d = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.batchNorm = nn.BatchNorm2d(4)
        self.residual = Residual(4, 4, 1)
        self.residual_1 = Residual(4, 6, 2)
        self.dense = nn.Linear(6, 3)

    def forward(self, x):
        h = self.residual_1(self.residual(torch.relu(self.batchNorm(self.conv2d(x)))))
        return self.dense(torch.flatten(nn.functional.adaptive_avg_pool2d(h, 1), 1))


class Mobile(nn.Module):
    """A depthwise block with an expansion, a mean written out, and a view that asks for the size of the batch."""

    def __init__(self):
        super().__init__()
        self.conv2d = nn.Conv2d(2, 6, 1, bias=False)
        self.batchNorm = nn.BatchNorm2d(6)
        self.depthwiseConv2d = nn.Conv2d(6, 6, 3, 2, 1, groups=6, bias=False)
        self.batchNorm_1 = nn.BatchNorm2d(6)
        self.conv2d_1 = nn.Conv2d(6, 4, 1)
        self.dense = nn.Linear(4 * 3 * 4, 5)
        self.dense_1 = nn.Linear(4, 5)

    def forward(self, x):
        h = nn.functional.relu6(self.batchNorm(self.conv2d(x)))
        h = self.conv2d_1(nn.functional.relu6(self.batchNorm_1(self.depthwiseConv2d(h))))
        return self.dense(h.view(h.size(0), -1)) + self.dense_1(h.mean([2, 3]))


class Image(nn.Module):
    """nn.Unflatten, which this version of PyTorch does not export."""

    def forward(self, x):
        return x.view(-1, 4, 2, 3)


class Padded(nn.Conv2d):
    """Zeros that are not the same on every side, put there by an operator of their own."""

    def forward(self, x):
        return super().forward(nn.functional.pad(x, (1, 0, 2, 1)))


NETWORKS = {
    "lenet": (nn.Sequential(
        nn.Conv2d(1, 3, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(3, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        nn.Flatten(), nn.Linear(64, 10), nn.ReLU(), nn.Dropout(0.5), nn.Linear(10, 5)), [1, 16, 16]),
    "resnet": (ResNet(), [3, 8, 8]),
    "mobile": (Mobile(), [2, 6, 8]),
    "flat": (nn.Sequential(
        nn.Conv2d(2, 3, 2, groups=1), nn.Flatten(), nn.BatchNorm1d(36), nn.Sigmoid(), nn.Linear(36, 3)), [2, 4, 5]),
    "decoder": (nn.Sequential(
        nn.Linear(5, 24), nn.LeakyReLU(0.2), Image(),
        nn.ConvTranspose2d(4, 2, 3, 2, 1, output_padding=1, groups=2), nn.ELU(),
        nn.Upsample(scale_factor=2), Padded(2, 3, 3),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)), [5]),
}


def write_safetensors(path, tensors):
    names = {torch.float32: "F32", torch.int64: "I64"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        own = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(own)]}
        data += own
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    outputs = {}
    for name, (network, shape) in NETWORKS.items():
        network.eval()
        with torch.no_grad():
            for i, (key, value) in enumerate(network.state_dict().items()):
                if value.dtype != torch.float32:
                    continue
                own = numbers(value.numel(), 100 + i).reshape(value.shape)
                value.copy_(own * own + 0.5 if key.endswith("var") else own)
            x = numbers(ROWS * math.prod(shape), 3).reshape([ROWS, *shape])
            y = network.double()(x.double())
            network.float()
        outputs[name] = {"shape": list(y.shape), "values": [float(f"{own:.8g}") for own in y.flatten().tolist()]}
        write_safetensors(HERE / f"{name}.safetensors", network.state_dict())
        for suffix, training in (("", torch.onnx.TrainingMode.EVAL), (".norms", torch.onnx.TrainingMode.PRESERVE)):
            if suffix and not any(isinstance(own, nn.modules.batchnorm._BatchNorm) for own in network.modules()):
                continue
            axes = {"input": {0: "batch"}, "output": {0: "batch"}}
            data = io.BytesIO()
            torch.onnx.export(network, x, data, input_names=["input"], output_names=["output"], dynamic_axes=axes,
                              training=training, do_constant_folding=not suffix)
            (HERE / f"{name}{suffix}.onnx").write_bytes(data.getvalue())
    lines = ",\n".join(f'  "{name}": {json.dumps(own)}' for name, own in outputs.items())
    (HERE / "outputs.json").write_text("{\n" + lines + "\n}\n")


main()
