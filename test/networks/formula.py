"""Twin of numbers.ts, which says what they are. Python has a module `numbers` of its own."""
import torch


def numbers(count, seed):
    """Of float32, as torch's default type."""
    state, found = seed * 7919 + 1, []
    for i in range(count + 3):
        state = state * 16807 % 2147483647
        if i >= 3:
            found.append(state / 2147483647 - 0.5)
    return torch.tensor(found).float().to(torch.get_default_dtype())
