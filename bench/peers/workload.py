"""The workload that all peers share: twin of workload.mjs. Imported once the numbers of threads are set, since it loads numpy."""

import os
import re

import numpy as np

INPUTS, HIDDEN, CLASSES, BATCH = 784, 300, 10, 64
TRAINING_ROWS = 55000


def uniform(seed, index):
    """Uniform in (0, 1), float64; `index` is an array of uint32."""
    x = index * np.uint32(0x9E3779B9) + np.uint32(seed * 0x85EBCA6B & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x735A2D97)
    return (((x ^ (x >> np.uint32(15))) >> np.uint32(8)) + 0.5) / 2**24


def uniform_matrix(seed, rows, columns, limit):
    values = (2 * uniform(seed, np.arange(rows * columns, dtype=np.uint32)) - 1) * limit
    return values.astype(np.float32).reshape(rows, columns)


def gaussian_matrix(seed, rows, columns):
    index = 2 * np.arange(rows * columns, dtype=np.uint32)
    radius = np.sqrt(-2 * np.log(uniform(seed, index)))
    values = radius * np.cos(2 * np.pi * uniform(seed, index + np.uint32(1)))
    return values.astype(np.float32).reshape(rows, columns)


def initial_weights():
    return (
        uniform_matrix(1, INPUTS, HIDDEN, (6 / (INPUTS + HIDDEN)) ** 0.5),
        np.zeros(HIDDEN, np.float32),
        uniform_matrix(2, HIDDEN, CLASSES, (6 / (HIDDEN + CLASSES)) ** 0.5),
        np.zeros(CLASSES, np.float32),
    )


def load_rows(folder, rows, dense=False):
    count = min(rows, TRAINING_ROWS)
    y = read_idx(folder, "train-labels-idx1-ubyte", 0x801, 8, count)
    if dense:
        return gaussian_matrix(3, count, INPUTS), y
    pixels = read_idx(folder, "train-images-idx3-ubyte", 0x803, 16, count * INPUTS)
    return (pixels / 255).astype(np.float32).reshape(count, INPUTS), y


def read_idx(folder, name, magic, header, length):
    path = os.path.join(folder, name)
    with open(path, "rb") as file:
        data = file.read(header + length)
    if len(data) != header + length or int.from_bytes(data[:4], "big") != magic:
        raise ValueError(f"{path}: not the expected IDX file")
    return np.frombuffer(data, np.uint8, offset=header)


def parse_product(shape):
    match = re.fullmatch(r"(\d+)x(\d+):(\d+)x(\d+)", shape)
    m, k, k2, n = map(int, match.groups()) if match else (0, 0, 0, 0)
    if not m * k * n or k != k2:
        raise ValueError(f"not a product: '{shape}', expected MxK:KxN")
    return uniform_matrix(4, m, k, 1), uniform_matrix(5, k, n, 1)
