"""Makes shapes.onnx: a small image network, trained here with PyTorch, as torch.onnx.export writes it.

It tells eight drawn shapes apart: white lines on black, 24 x 24 pixels. The page takes it from there and knows
nothing of this script. Debian's python3-torch and python3-onnx are enough: python3 make.py (some two minutes).
"""
import math

import numpy as np
import torch
from torch import nn

SIZE = 24
rng = np.random.default_rng(0)
torch.manual_seed(0)
torch.set_num_threads(1)


def arc(start, end, radius=lambda t: 1.0, points=24):
    t = np.linspace(0, 1, points)
    angle = (start + (end - start) * t) * 2 * math.pi
    r = np.array([radius(own) for own in t])
    return np.stack([r * np.cos(angle), r * np.sin(angle)], 1)


def line(*points):
    return np.array(points, float)


# Each shape is a list of strokes; y goes down, as in images.
shapes = {
    "circle": [arc(0, 1)],
    "square": [line((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))],
    "triangle": [line((0, -1), (1, 0.8), (-1, 0.8), (0, -1))],
    "plus": [line((0, -1), (0, 1)), line((-1, 0), (1, 0))],
    "wave": [np.stack([np.linspace(-1, 1, 24), 0.5 * np.sin(np.linspace(-1, 1, 24) * math.pi * 1.5)], 1)],
    "spiral": [arc(0, 2, lambda t: 0.1 + 0.9 * t, 40)],
    "vee": [line((-1, -1), (0, 1), (1, -1))],
    "tee": [line((-1, -1), (1, -1)), line((0, -1), (0, 1))],
}


def draw(strokes):
    """Turned, stretched and bent at random, then as pixels."""
    angle, shear = rng.normal(0, 0.15), rng.normal(0, 0.15)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    form = turn @ np.array([[rng.uniform(0.7, 1.2), shear], [0, rng.uniform(0.7, 1.2)]])
    strokes = [stroke @ form.T + rng.normal(0, 0.06, stroke.shape) for stroke in strokes]
    every = np.concatenate(strokes)
    low, high = every.min(0), every.max(0)
    scale = rng.uniform(0.75, 1.0) * (SIZE - 6) / (high - low).max()
    shift = SIZE / 2 + rng.normal(0, 0.7, 2)
    strokes = [(stroke - (low + high) / 2) * scale + shift for stroke in strokes]
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    pixels = np.stack([x, y], -1)[:, :, None]
    begin = np.concatenate([stroke[:-1] for stroke in strokes])
    along = np.concatenate([stroke[1:] for stroke in strokes]) - begin
    t = np.clip(((pixels - begin) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-9), 0, 1)
    distance = np.sqrt(((begin + t[..., None] * along - pixels) ** 2).sum(-1)).min(-1)
    return np.clip(rng.uniform(0.6, 1.1) + 0.5 - distance, 0, 1)


class Shapes(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.same = nn.Conv2d(8, 8, 3, padding=1)
        self.down1 = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.down2 = nn.Conv2d(12, 16, 3, stride=2, padding=1)
        self.classes = nn.Linear(32, len(shapes))

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(x + self.same(x))
        x = torch.relu(self.down1(x))
        x = torch.relu(self.down2(x))
        return self.classes(torch.cat([x.mean([2, 3]), x.amax([2, 3])], 1))


def images(count):
    labels = rng.integers(0, len(shapes), count)
    strokes = list(shapes.values())
    drawn = np.stack([draw(strokes[label]) for label in labels])
    return torch.tensor(drawn[:, None], dtype=torch.float32), torch.tensor(labels)


model = Shapes()
optimizer = torch.optim.Adam(model.parameters(), 0.003)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 25 * 125)
x, y = images(8000)
for epoch in range(25):
    for rows in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    print(epoch + 1, float(loss))
test, answers = images(1000)
print("accuracy", float((model(test).argmax(1) == answers).float().mean()))
torch.onnx.export(
    model.eval(), test[:1], "shapes.onnx", opset_version=13, input_names=["image"], output_names=["logits"],
    dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
)
