"""Writes torch-*.txt beside it: the graphs that torch.onnx.export makes of small networks (recorded with PyTorch 1.13 and onnx 1.12).

    /usr/bin/python3 test/formats/onnx/layouts/export.py

A line of such a file is an input, an output, a constant or a node; layout.ts says how they are read, and builds ONNX files of them. What
is learned is kept as its shape, constants that decide something as their numbers: layouts are what is tested, and no weights.
"""
import io
import math
import pathlib
import warnings

import numpy
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
TYPES = {1: "float", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "double"}


class Activations(nn.Module):
    def __init__(self):
        super().__init__()
        functions = [nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU(), nn.SiLU(), nn.ELU(0.7), nn.SELU(), nn.CELU(0.5), nn.LeakyReLU(0.2),
                     nn.Softplus(), nn.Mish(), nn.Hardswish(), nn.Hardsigmoid(), nn.Hardtanh(-0.5, 2), nn.ReLU6(), nn.Softsign(),
                     nn.LogSigmoid(), nn.GLU(), nn.PReLU(6)]
        self.layers = nn.ModuleList()
        for function in functions:
            self.layers += [nn.Linear(6, 12 if isinstance(function, nn.GLU) else 6), function]
        self.output = nn.Linear(6, 3)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.output(x)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 5, padding=2)
        self.conv2 = nn.Conv2d(3, 4, 5)
        self.fc1 = nn.Linear(36, 12)
        self.fc2 = nn.Linear(12, 8)
        self.fc3 = nn.Linear(8, 5)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.max_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm0 = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.conv1, self.norm1 = nn.Conv2d(4, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.norm2 = nn.Conv2d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6)
        self.down, self.norm3 = nn.Conv2d(4, 6, 1, 2, bias=False), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        x = F.silu(self.norm0(self.stem(x)))
        y = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        x = F.silu(y + self.norm3(self.down(x)))
        return self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class MobileNet(nn.Module):
    """Depthwise, squeeze and excitation, an inverted residual."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU6(), nn.Conv2d(4, 4, 3, 1, 1, groups=4),
                                    nn.BatchNorm2d(4), nn.Hardswish(), nn.Conv2d(4, 8, 1))
        self.squeeze, self.excite = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.expand, self.depthwise, self.project = nn.Conv2d(8, 16, 1), nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.Conv2d(16, 8, 1)
        self.output = nn.Linear(8, 4)

    def forward(self, x):
        x = self.blocks(x)
        gate = F.hardsigmoid(self.excite(torch.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        x = x * gate
        x = x + self.project(F.hardswish(self.depthwise(F.hardswish(self.expand(x)))))
        return self.output(x.mean([2, 3]))


class Encoder(nn.Module):
    def __init__(self, norm_first=False):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, activation="gelu", norm_first=norm_first)
        self.output = nn.Linear(8, 3)
        self.register_buffer("mask", torch.full((4, 4), float("-inf")).triu(1) if norm_first else None)

    def forward(self, x):
        return self.output(self.encoder(x, self.mask).mean(1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.output = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x):
        return self.output(self.attention(x, x, x, need_weights=False)[0][:, 0])


class VisionTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token, self.position = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 5, 8))
        self.norm1, self.qkv, self.project = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
        self.norm2, self.fc1, self.fc2 = nn.LayerNorm(8), nn.Linear(8, 12), nn.Linear(12, 8)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 5)

    def forward(self, x):
        rows = x.shape[0]
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(rows, -1, -1), x], 1) + self.position
        h = self.norm1(x)
        rows, length, channels = h.shape
        q, k, v = self.qkv(h).reshape(rows, length, 3, 2, channels // 2).permute(2, 0, 3, 1, 4).unbind(0)
        scores = ((q @ k.transpose(-2, -1)) * (4 ** -0.5)).softmax(-1)
        x = x + self.project((scores @ v).transpose(1, 2).reshape(rows, length, channels))
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return self.head(self.norm(x)[:, 0])


class Gpt(nn.Module):
    """A causal decoder whose output shares the matrix of its embedding."""

    def __init__(self, length=5):
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(length, 8)
        self.norm1, self.attention, self.project = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
        self.norm2, self.fc1, self.fc2, self.norm = nn.LayerNorm(8), nn.Linear(8, 16), nn.Linear(16, 8), nn.LayerNorm(8)
        self.register_buffer("mask", torch.tril(torch.ones(length, length)).view(1, 1, length, length))

    def forward(self, ids):
        rows, length = ids.size()
        x = self.words(ids) + self.places(torch.arange(0, length, dtype=torch.long).unsqueeze(0))
        parts = self.attention(self.norm1(x)).split(8, dim=2)
        q, k, v = [t.view(rows, length, 2, 4).transpose(1, 2) for t in parts]
        scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(4))
        scores = scores.masked_fill(self.mask[:, :, :length, :length] == 0, float("-inf")).softmax(-1)
        x = x + self.project((scores @ v).transpose(1, 2).contiguous().view(rows, length, 8))
        h = self.fc1(self.norm2(x))
        h = 0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * torch.pow(h, 3))))
        x = x + self.fc2(h)
        return self.norm(x) @ self.words.weight.t()


class Bert(nn.Module):
    """Words and a mask to classes, as transformers' models compute."""

    def __init__(self):
        super().__init__()
        self.words, self.places, self.types = nn.Embedding(20, 8, padding_idx=0), nn.Embedding(7, 8), nn.Embedding(2, 8)
        self.norm = nn.LayerNorm(8, eps=1e-12)
        self.query, self.key, self.value, self.output = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.register_buffer("ids", torch.arange(7).expand(1, -1))

    def heads(self, x):
        return x.view(x.size()[:-1] + (2, 4)).permute(0, 2, 1, 3)

    def forward(self, ids, mask):
        length = ids.size(1)
        types = torch.zeros(ids.size(), dtype=torch.long)
        x = self.norm(self.words(ids) + self.types(types) + self.places(self.ids[:, :length]))
        bias = (1.0 - mask[:, None, None, :].to(torch.float32)) * -10000.0
        scores = torch.matmul(self.heads(self.query(x)), self.heads(self.key(x)).transpose(-1, -2)) / math.sqrt(4) + bias
        context = torch.matmul(scores.softmax(-1), self.heads(self.value(x))).permute(0, 2, 1, 3).contiguous()
        context = context.view(context.size()[:-2] + (8,))
        weights = mask.unsqueeze(-1).float()
        return self.output(torch.tanh((context * weights).sum(1) / torch.clamp(weights.sum(1), min=1e-9)))


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.conv, self.output = nn.Embedding(20, 6), nn.Conv1d(6, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, ids):
        x = torch.tanh(self.conv(self.words(ids).transpose(1, 2))).max(dim=2)[0]
        return torch.log_softmax(self.output(x), 1)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.inner, self.up = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1), nn.ConvTranspose2d(6, 4, 2, 2)
        self.group, self.instance, self.output = nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True), nn.Conv2d(12, 1, 1)

    def forward(self, x):
        a = F.silu(self.group(self.down(x)))
        b = torch.tanh(self.inner(F.avg_pool2d(a, 2)))
        wide = F.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False)[:, :4]
        return torch.sigmoid(self.output(torch.cat([a, self.instance(self.up(b)), wide], 1)))


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right, self.output = nn.Linear(4, 5), nn.Linear(3, 5), nn.Linear(30, 2)

    def forward(self, x, z):
        a, b = torch.tanh(self.left(x)), torch.sigmoid(self.right(z))
        near = F.normalize(a, dim=1) * F.normalize(b, dim=1)
        return self.output(torch.cat([near, torch.einsum("bi,bj->bij", a, b).flatten(1)], 1))


def number(value):
    value = value.item() if hasattr(value, "item") else value
    return str(numpy.float32(value)) if isinstance(value, float) else str(int(value))


def tensor_text(tensor):
    array = numpy_helper.to_array(tensor)
    return f"{TYPES[tensor.data_type]}[{','.join(map(str, array.shape))}]{{{','.join(number(v) for v in array.flatten())}}}"


def attribute_text(attribute):
    value = onnx.helper.get_attribute_value(attribute)
    if attribute.type == onnx.AttributeProto.TENSOR:
        text = tensor_text(value)
    elif attribute.type == onnx.AttributeProto.STRING:
        text = f'"{value.decode()}"'
    elif attribute.type == onnx.AttributeProto.FLOAT:
        text = number(value)
    elif attribute.type == onnx.AttributeProto.INT:
        text = str(value)
    else:
        text = f"[{','.join(map(number, value))}]"
    return f"{attribute.name}={text}"


def shape_text(value):
    dims = value.type.tensor_type.shape.dim
    return f"{TYPES[value.type.tensor_type.elem_type]}[{','.join(d.dim_param or str(d.dim_value) for d in dims)}]"


def describe(model, parameters, below):
    graph = model.graph
    lines = [f"opset {model.opset_import[0].version}"]
    for value in graph.input:
        limit = f" below {below[value.name]}" if value.name in below else ""
        lines.append(f"input {value.name} {shape_text(value)}{limit}")
    lines += [f"output {value.name} {shape_text(value)}" for value in graph.output]
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        is_whole = bool(numpy.all(array == numpy.floor(array)))
        is_kept = array.dtype.kind != "f" or array.ndim == 0 or (is_whole and tensor.name not in parameters)
        names = [tensor.name, *(node.output[0] for node in graph.node if node.op_type == "Identity" and node.input[0] == tensor.name)]
        drawn = "positive" if any(name.endswith("running_var") for name in names) else "draw"
        shape = f"{TYPES[tensor.data_type]}[{','.join(map(str, array.shape))}]"
        lines.append(f"{tensor.name} = {tensor_text(tensor) if is_kept else f'{drawn} {shape}'}")
    for node in graph.node:
        attributes = "".join(" " + attribute_text(own) for own in node.attribute)
        lines.append(f"{', '.join(node.output)} = {node.op_type}({', '.join(node.input)}){attributes} @{node.name}")
    return "\n".join(lines) + "\n"


def record(name, model, inputs, opset, *, names=("x",), fixed=False, below=None, keep=False, redraw=True):
    model.eval()
    if redraw:
        # Parameters that are equal, as biases of zeros are, would become one.
        for own in model.parameters():
            own.data.uniform_(-0.5, 0.5)
        for own_name, own in model.named_buffers():
            if own_name.endswith("running_mean") or own_name.endswith("running_var"):
                own.data.uniform_(0.5, 1.5)
    training = torch.onnx.TrainingMode.PRESERVE if keep else torch.onnx.TrainingMode.EVAL
    axes = None if fixed else {own: {0: "N"} for own in (*names, "y")}
    file = io.BytesIO()
    torch.onnx.export(model, inputs, file, input_names=list(names), output_names=["y"], opset_version=opset, dynamic_axes=axes,
                      training=training, do_constant_folding=not keep)
    exported = onnx.load_from_string(file.getvalue())
    parameters = {own for own, _ in model.named_parameters()}
    (HERE / f"torch-{name}.txt").write_text(describe(exported, parameters, below or {}))


torch.manual_seed(1)
image = torch.randn(2, 3, 8, 8)
sequence = torch.randn(2, 4, 8)
ids = torch.randint(0, 20, (2, 5))
record("activations", Activations(), torch.randn(2, 6), 14)
record("lenet", LeNet(), torch.randn(2, 1, 20, 20), 13)
record("residual", Residual(), image, 13)
record("residual-norms", Residual(), image, 11, keep=True, redraw=False)
record("mobilenet", MobileNet(), image, 14)
record("encoder-11", Encoder(), sequence, 11)
record("encoder-17", Encoder(norm_first=True), sequence, 17)
record("attention-fixed", Attention(), torch.randn(3, 4, 8), 14, fixed=True)
record("vision-transformer", VisionTransformer(), image, 13)
record("vision-transformer-one", VisionTransformer(), image[:1], 16, fixed=True)
record("gpt", Gpt(), ids, 14, below={"x": 20})
record("bert", Bert(), (ids, (ids > 3).long()), 13, names=("input_ids", "attention_mask"), below={"input_ids": 20, "attention_mask": 2})
record("text", Text(), ids, 11, below={"x": 20})
record("unet", UNet(), torch.randn(2, 1, 8, 8), 13)
record("two-inputs", Two(), (torch.randn(2, 4), torch.randn(2, 3)), 12, names=("x", "z"))
