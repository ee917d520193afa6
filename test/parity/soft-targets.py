"""Writes soft-targets.json beside it: cross-entropy with probabilities as targets, by PyTorch (recorded with 1.13, on the CPU).

    /usr/bin/python3 test/parity/soft-targets.py
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(7)
logits = (torch.randn(6, 5) * 4).requires_grad_()
targets = torch.softmax(torch.randn(6, 5) * 2, dim=1)
targets[4] = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])
targets[5] = 0.2
loss = F.cross_entropy(logits, targets)
loss.backward()

# A student of one linear layer, ten steps of SGD on all rows at once.
inputs, weight, bias = torch.randn(8, 3), torch.randn(3, 4), torch.zeros(4)
soft = torch.softmax(torch.randn(8, 4) * 2, dim=1)
w, b = weight.clone().requires_grad_(), bias.clone().requires_grad_()
optimizer = torch.optim.SGD([w, b], lr=0.5)
losses = []
for _ in range(10):
    optimizer.zero_grad()
    step = F.cross_entropy(inputs @ w + b, soft)
    step.backward()
    optimizer.step()
    losses.append(step.item())

recorded = {
    "torch": torch.__version__,
    "one": {"logits": logits.tolist(), "targets": targets.tolist(), "loss": loss.item(), "gradient": logits.grad.tolist()},
    "student": {"inputs": inputs.tolist(), "weight": weight.tolist(), "targets": soft.tolist(), "losses": losses,
                "trained": w.tolist()},
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(recorded, indent=1) + "\n")
