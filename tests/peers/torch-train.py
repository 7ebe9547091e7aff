#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Steps of AdamW with torch on Delphi-2M's architecture, by one thread, at the
sizes of tests/bench_train.c: rows of name, value, unit.  Without dropout and in
the fewest operations that torch 1.13 has for it; "batch" is padded to 48 as the
authors' program does, and counts the positions that are somebody's."""
import math
import os
import sys
import time

import numpy
import torch
from torch.nn import functional as F

T_MIN = 0.1


def parameters(n_layer, d, v):
    torch.manual_seed(1)
    p = {"embed": torch.randn(v, d), "age": torch.randn(d, d)}
    for i in range(n_layer):
        p[f"qkv{i}"] = torch.randn(3 * d, d)
        p[f"proj{i}"] = torch.randn(d, d)
        p[f"up{i}"] = torch.randn(4 * d, d)
        p[f"down{i}"] = torch.randn(d, 4 * d)
    p = {name: (0.02 * x).requires_grad_() for name, x in p.items()}
    for name in [f"norm{i}" for i in range(2 * n_layer + 1)]:
        p[name] = torch.ones(d, requires_grad=True)
    return p


def logits(p, n_layer, n_head, x, code, mask):
    b, t = x.shape
    d = code.shape[-1]
    h = F.embedding(x, p["embed"]) + F.linear(code, p["age"])
    for i in range(n_layer):
        n = F.layer_norm(h, (d,), p[f"norm{2 * i}"], None, 1e-5)
        q, k, v = (y.view(b, t, n_head, d // n_head).transpose(1, 2)
                   for y in F.linear(n, p[f"qkv{i}"]).split(d, -1))
        a = (q @ k.transpose(-1, -2)) * (1 / math.sqrt(d // n_head))
        a = F.softmax(a.masked_fill(mask, -math.inf), -1) @ v
        h = h + F.linear(a.transpose(1, 2).reshape(b, t, d), p[f"proj{i}"])
        n = F.layer_norm(h, (d,), p[f"norm{2 * i + 1}"], None, 1e-5)
        u = F.gelu(F.linear(n, p[f"up{i}"]), approximate="tanh")
        h = h + F.linear(u, p[f"down{i}"])
    h = F.layer_norm(h, (d,), p[f"norm{2 * n_layer}"], None, 1e-5)
    return F.linear(h, p["embed"])


def lengths_of_file(b, t):
    """As tests/bench_train.c; None when the file is not there."""
    path = os.path.join(os.environ.get("ANAMNESIS_DATA", ""), "delphi/train.bin")
    if "ANAMNESIS_DATA" not in os.environ or not os.path.exists(path):
        return None
    rows = numpy.fromfile(path, dtype="<u4").reshape(-1, 3)
    first = numpy.flatnonzero(numpy.diff(rows[:, 0], prepend=-1))[:b + 1]
    last = rows[first[1:] - 1, 1].astype(int)
    return numpy.minimum(numpy.diff(first) + 5 * last // 36525 - 1, t)


def bench(name, n_layer, n_head, d, v, b, t, rounds, lengths=None):
    p = parameters(n_layer, d, v)
    matrices = [x for n, x in p.items() if x.dim() == 2 and n != "embed"]
    others = [x for n, x in p.items() if x.dim() == 1 or n == "embed"]
    adamw = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.2},
                               {"params": others, "weight_decay": 0.0}],
                              lr=1e-4, betas=(0.9, 0.99))
    x, y = torch.randint(1, v, (2, b, t))
    code = torch.randn(b, t, d)
    wait = torch.full((b, t), 1.0)
    mask = torch.ones(t, t, dtype=torch.bool).triu(1)
    real = torch.ones(b, t, dtype=torch.bool)
    if lengths is not None: # padding is on the left, and sees itself
        n = torch.as_tensor(lengths).view(b, 1)
        real = torch.arange(t).view(1, t) >= t - n
        mask = (mask | ~real.view(b, 1, 1, t)) & ~torch.eye(t, dtype=torch.bool)
    best = math.inf
    for _ in range(rounds):
        t0 = time.perf_counter()
        out = logits(p, n_layer, n_head, x, code, mask)
        if lengths is not None:
            out = out[real]
        ce = F.cross_entropy(out.view(-1, v), y[real])
        total = torch.logsumexp(out, -1)
        total = -torch.log(torch.exp(-total) + T_MIN)
        dt = (torch.exp(total) * (wait[real].view_as(total) + T_MIN) - total).mean()
        adamw.zero_grad(set_to_none=True)
        (ce + dt).backward()
        torch.nn.utils.clip_grad_norm_(p.values(), 1.0)
        adamw.step()
        best = min(best, time.perf_counter() - t0)
    print(f"{name}\t{int(real.sum()) / best:.4g}\ttokens/s", flush=True)


torch.set_num_threads(1)
bench("torch/train_delphi", 12, 12, 120, 1270, 128, 48, 4)
lengths = lengths_of_file(128, 48)
if lengths is None:
    print("torch/train_delphi_batch: no ANAMNESIS_DATA/delphi: not measured",
          file=sys.stderr)
else:
    bench("torch/train_delphi_batch", 12, 12, 120, 1270, 128, 48, 4, lengths)
bench("torch/train_d128_L6", 6, 4, 128, 4096, 4, 256, 15)
