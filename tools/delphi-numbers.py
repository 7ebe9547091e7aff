#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Numbers of a small Delphi-2M, computed with torch from its description (doi
10.1038/s41586-025-09529-3) and not with our code: what `anamnesis-train parity`
reads, and tests/golden/delphi holds.

    tools/delphi-numbers.py DIR [LAYERS HEADS CHANNELS VOCABULARY B T]

Weights and patients are drawn by a fixed seed.  Needs torch (python3-torch)."""
import json
import math
import os
import sys

import numpy as np
import torch
from torch.nn import functional as F

T_MIN, NO_EVENT = 0.1, 1


def draw_weights(n_layer, d, v):
    """Every tensor by its name, in the order of the files."""
    def normal(*shape):
        return torch.randn(*shape) * 0.2

    w = {"transformer.wte.weight": normal(v, d),
         "transformer.wae.div_term": torch.exp(
             torch.arange(0, d, 2) * (-math.log(10000.0) / d)),
         "transformer.wae.linear.weight": normal(d, d)}
    for i in range(n_layer):
        at = f"transformer.h.{i}."
        w[at + "ln_1.weight"] = 1 + normal(d)
        w[at + "attn.c_attn.weight"] = normal(3 * d, d)
        w[at + "attn.c_proj.weight"] = normal(d, d)
        w[at + "ln_2.weight"] = 1 + normal(d)
        w[at + "mlp.c_fc.weight"] = normal(4 * d, d)
        w[at + "mlp.c_proj.weight"] = normal(d, 4 * d)
    w["transformer.ln_f.weight"] = 1 + normal(d)
    return w


def draw_patients(b, t, v, ignored):
    """Tokens and ages of t + 1 events each; padding on the left, ties, and an
    interval that is shorter than the least."""
    x = torch.zeros(b, t + 1, dtype=torch.long)
    age = torch.full((b, t + 1), -10000.0)
    for i in range(b):
        n = t + 1 if i == 0 else max(3, t + 1 - 2 * i)
        x[i, -n:] = torch.randint(max(ignored) + 1, v, (n,))
        x[i, -n] = 2 + i % 2
        x[i, -n // 2] = NO_EVENT
        gap = torch.randint(0, 900, (n,)).float()
        gap[torch.rand(n) < 0.3] = 0
        age[i, -n:] = 7000 + torch.cumsum(gap, 0)
    return x[:, :-1], x[:, 1:], age[:, :-1], age[:, 1:]


def norm(x, w):
    return F.layer_norm(x, w.shape, w, None, 1e-5)


def allowed(x, age, next_age, ties):
    """Which key (last) each row sees."""
    t = x.shape[1]
    real = x > 0
    mask = torch.tril(torch.ones(t, t, dtype=torch.bool))[None]
    mask = mask & real[:, :, None] & real[:, None, :]
    if ties:
        mask = mask & (age[:, None, :] != next_age[:, :, None])
    alone = ~mask.any(-1)
    return mask | (torch.eye(t, dtype=torch.bool)[None] & alone[:, :, None])


def forward(w, n_layer, n_head, x, age, mask):
    b, t = x.shape
    emb = w["transformer.wte.weight"][x]
    d = emb.shape[-1]
    years = (age / 365.25)[..., None] * w["transformer.wae.div_term"]
    code = torch.stack([torch.sin(years), torch.cos(years)], -1).flatten(-2)
    h = emb = emb + code @ w["transformer.wae.linear.weight"].T
    acts, weights = [], []
    for i in range(n_layer):
        at = f"transformer.h.{i}."
        qkv = norm(h, w[at + "ln_1.weight"]) @ w[at + "attn.c_attn.weight"].T
        q, k, v = (p.view(b, t, n_head, d // n_head).transpose(1, 2)
                   for p in qkv.split(d, -1))
        score = q @ k.transpose(-1, -2) / math.sqrt(d // n_head)
        score = score.masked_fill(~mask[:, None], -math.inf).softmax(-1)
        weights.append(score)
        mixed = (score @ v).transpose(1, 2).reshape(b, t, d)
        h = h + mixed @ w[at + "attn.c_proj.weight"].T
        u = norm(h, w[at + "ln_2.weight"]) @ w[at + "mlp.c_fc.weight"].T
        u = 0.5 * u * (1 + torch.tanh(
            math.sqrt(2 / math.pi) * (u + 0.044715 * u ** 3)))
        h = h + u @ w[at + "mlp.c_proj.weight"].T
        acts.append(h)
    h = norm(h, w["transformer.ln_f.weight"])
    return emb, acts, weights, h @ w["transformer.wte.weight"].T


def losses(logits, y, age, next_age, mask, ignored, checking):
    if checking:
        ignored = ignored + [NO_EVENT]
        logits = logits.clone()
        logits[..., ignored] = -math.inf
    scored = ~torch.isin(y, torch.tensor(ignored))
    total = torch.logsumexp(logits, -1)
    ce = (total - logits.gather(-1, y[..., None])[..., 0])[scored].mean()
    total = -torch.log(torch.exp(-total) + T_MIN)
    wait = torch.clamp(next_age - age, min=1.0)
    last = (mask * torch.arange(mask.shape[-1])).max(-1).values
    wait = wait.gather(-1, last)
    log_wait = -torch.log(wait + T_MIN)
    dt = -(total - torch.exp(total - log_wait))[scored].mean()
    return ce, dt


def main():
    out = sys.argv[1]
    n_layer, n_head, d, v, b, t = map(
        int, sys.argv[2:8] if len(sys.argv) > 2 else (2, 2, 8, 24, 3, 8))
    ignored = [0, 2, 3, 4]
    torch.manual_seed(7)
    torch.set_num_threads(1)
    os.makedirs(out, exist_ok=True)
    manifest = {"args": {"n_layer": n_layer, "n_head": n_head, "n_embd": d,
                         "block_size": t, "bias": False, "vocab_size": v,
                         "token_dropout": 0.0, "t_min": T_MIN,
                         "mask_ties": True, "ignore_tokens": ignored},
                "B": b, "T": t, "V": v, "p0_T": t,
                "no_grad_in_grads_file": ["transformer.wae.div_term"]}

    def write(name, *tensors):
        with open(os.path.join(out, name), "wb") as f:
            for x in tensors:
                kind = "<i4" if x.dtype == torch.long else "<f4"
                f.write(x.detach().numpy().astype(kind).tobytes())

    w = draw_weights(n_layer, d, v)
    learned = [n for n in w if n != "transformer.wae.div_term"]
    x, y, age, next_age = draw_patients(b, t, v, ignored)
    for name, data in (("x.i32", x), ("y.i32", y), ("age.f32", age),
                       ("tage.f32", next_age), ("weights.f32", None)):
        write(name, *([data] if data is not None else w.values()))
    manifest["order"] = list(w)
    manifest["tensors"] = {n: {"shape": list(w[n].shape)} for n in w}

    for n in learned:
        w[n].requires_grad_(True)
    plain = allowed(x, age, next_age, False)
    _, _, weights, logits = forward(w, n_layer, n_head, x, age, plain)
    write("logits_infer.f32", logits)
    write("att_infer_l0.f32", weights[0])
    _, _, _, logits = forward(w, n_layer, n_head, x[:1], age[:1], plain[:1])
    write("p0_x.i32", x[0])
    write("p0_age.f32", age[0])
    write("p0_logits.f32", logits)

    mask = allowed(x, age, next_age, True)
    emb, acts, _, logits = forward(w, n_layer, n_head, x, age, mask)
    write("emb.f32", emb)
    write("acts_train.f32", *acts)
    write("logits_train.f32", logits)
    for name, checking in (("loss_train", False), ("loss_val_mode", True)):
        ce, dt = losses(logits, y, age, next_age, mask, ignored, checking)
        manifest[name] = {"loss_ce": ce.item(), "loss_dt": dt.item()}
        if not checking:
            (ce + dt).backward(retain_graph=True)
            write("grads.f32", *(w[n].grad for n in learned))
    step = {"lr": 0.001, "betas": [0.9, 0.99], "eps": 1e-8,
            "weight_decay": 0.2, "clip": 1.0}
    matrices = [n for n in learned if w[n].dim() == 2 and "wte" not in n]
    manifest["grad_norm"] = torch.nn.utils.clip_grad_norm_(
        [w[n] for n in learned], step["clip"]).item()
    torch.optim.AdamW(
        [{"params": [w[n] for n in matrices],
          "weight_decay": step["weight_decay"]},
         {"params": [w[n] for n in learned if n not in matrices],
          "weight_decay": 0.0}],
        lr=step["lr"], betas=step["betas"], eps=step["eps"]).step()
    write("weights_after_adamw.f32", *(w[n] for n in learned))
    manifest["adamw"] = step
    with open(os.path.join(out, "manifest.json"), "w") as f:
        json.dump(manifest, f, indent=1)
        f.write("\n")


main()
