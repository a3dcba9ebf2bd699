#!/usr/bin/env python3
"""Records a trace pack (schema mobi-trace-1) of a Hugging Face model with MoBiQuant slices and routers.

  text ─► tokenizer ─► windows ─► the model with W_k of every token's depth in every block linear ─► slices, scores, NLL
                                                                        └─► trace.json, trace.safetensors

Needs torch, transformers and numpy. A linear's slices and router come from slices.safetensors beside the model
(models/README.md says what is in it). --self-test needs numpy only: it writes a small pack of made-up depths and reads it
back, and checks the arithmetic of slices and routers on numbers worked out by hand.
"""

import argparse
import hashlib
import json
import math
import os
import struct
import sys
import tempfile

import numpy as np

SLICES = 4
GROUP = 128
KINDS = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
         "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
DTYPES = {"F32": np.float32, "F16": np.float16, "I32": np.int32, "U8": np.uint8}


# ---- safetensors, without the package

def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    body = memoryview(data)[8 + length:]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(body[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def write_safetensors(path, tensors):
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
    header, parts, end = {}, [], 0
    for name, values in tensors.items():
        raw = np.ascontiguousarray(values).tobytes()
        header[name] = {"dtype": names[values.dtype], "shape": list(values.shape), "data_offsets": [end, end + len(raw)]}
        parts.append(raw)
        end += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


# ---- slices and routers

def slice_weights(codes, scale, base, slices):
    """W_k = base + scale * (q1 + sum over e = 2..k of (q_e - 1.5) * 4^-(e-1)), FP32."""
    level = (codes >> 6).astype(np.float32)
    for e in range(2, slices + 1):
        level += (((codes >> (8 - 2 * e)) & 3).astype(np.float32) - 1.5) * 4.0 ** -(e - 1)
    inputs = codes.shape[1]
    spread = lambda values: np.repeat(values.astype(np.float32), GROUP, axis=1)[:, :inputs]
    return spread(base) + spread(scale) * level


def router_scores(x, r1, b1, r2, b2):
    """Scores of slices 2, 3, 4 of each row of x."""
    h = x @ r1.T.astype(np.float32) + b1.astype(np.float32)
    h = h / (1 + np.exp(-h))
    a = h @ r2.T.astype(np.float32) + b2.astype(np.float32)
    softplus = np.logaddexp(0, a[..., 1:])
    return np.stack([a[..., 0], a[..., 0] - softplus[..., 0], a[..., 0] - softplus.sum(-1)], -1).astype(np.float32)


def slices_of(scores, threshold):
    return (1 + (scores > np.float32(threshold)).sum(-1)).astype(np.uint8)


# ---- the pack

def describe(name, model, sha256, tokens, linears, budgets, depths, phase, prompt, source, licence):
    weights = np.array([one["in"] * one["out"] for one in linears], np.float64)
    measured = lambda one: float(2 * (depths[one].mean((0, 1)) * weights).sum() / weights.sum())
    return {
        "schema": "mobi-trace-1", "name": name, "model": model, "modelSha256": sha256,
        "sequences": tokens.shape[0], "sequenceLength": tokens.shape[1], "promptLength": prompt, "phase": phase,
        "source": source, "licence": licence, "sliceBits": [2] * SLICES, "group": GROUP, "linears": linears,
        "budgets": [{"name": one, "bits": float(one[1:]), "threshold": threshold, "measuredBits": measured(one),
                     "scores": True} for one, threshold in budgets.items()],
        "nll": ["fp"] + [f"k{k}" for k in range(1, SLICES + 1)] + list(budgets),
    }


def write_pack(folder, about, tokens, depths, scores, nll):
    tensors = {"tokens": tokens.astype(np.int32)}
    for name in about["nll"]:
        tensors[f"{name}/nll"] = nll[name].astype(np.float32)
    for budget in about["budgets"]:
        tensors[f"{budget['name']}/scores"] = scores[budget["name"]].astype(np.float32)
        tensors[f"{budget['name']}/slices"] = depths[budget["name"]].astype(np.uint8)
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "trace.safetensors"), tensors)
    with open(os.path.join(folder, "trace.json"), "w", encoding="utf-8") as file:
        json.dump(about, file, indent=1)
        file.write("\n")


# ---- the model

class SlicedLinear:
    """Stands in for a linear's forward: every token by the W of its depth. `depths` and `scores` are kept, token by token."""

    def __init__(self, torch, linear, name, tensors):
        self.torch = torch
        get = lambda part: tensors[f"{name}.{part}"]
        device = linear.weight.device
        self.weights = [torch.tensor(slice_weights(get("codes"), get("scale"), get("base"), k), device=device)
                        for k in range(1, SLICES + 1)]
        self.router = [get(f"router.{part}") for part in ("r1", "b1", "r2", "b2")]
        self.original = linear.forward
        self.mode = "fp"
        self.depths, self.scores = [], []
        linear.forward = self.forward

    def forward(self, x):
        if self.mode == "fp":
            return self.original(x)
        if isinstance(self.mode, int):
            return x @ self.weights[self.mode - 1].T
        scores = router_scores(x.float().cpu().numpy(), *self.router)
        depths = slices_of(scores, self.mode)
        self.scores.append(scores[0])
        self.depths.append(depths[0])
        mine = self.torch.tensor(depths, device=x.device)[..., None]
        y = x @ self.weights[0].T
        for k in range(2, SLICES + 1):
            y = self.torch.where(mine == k, x @ self.weights[k - 1].T, y)
        return y


def export(args):
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        sys.exit(f"{error.name} is missing; allowed: an environment with torch and transformers, or --self-test")
    torch.set_grad_enabled(False)
    model = AutoModelForCausalLM.from_pretrained(args.model).float().to(args.device).eval()
    tensors, metadata = read_safetensors(os.path.join(args.model, "slices.safetensors"))
    thresholds = json.loads(metadata["thresholds"])
    with open(args.text, encoding="utf-8") as file:
        ids = AutoTokenizer.from_pretrained(args.model)(file.read(), add_special_tokens=False)["input_ids"]
    count = min(len(ids) // args.length, args.sequences)
    if count == 0:
        sys.exit(f"{args.text}: is {len(ids)} tokens long; allowed {args.length} or more")
    tokens = np.array(ids[:count * args.length]).reshape(count, args.length)
    names = [f"model.layers.{layer}.{kind}" for layer in range(model.config.num_hidden_layers) for kind in KINDS]
    modules = {name: model.get_submodule(name) for name in names}
    linears = [{"name": name, "in": one.in_features, "out": one.out_features} for name, one in modules.items()]
    sliced = [SlicedLinear(torch, one, name, tensors) for name, one in modules.items()]
    configs = {"fp": "fp", **{f"k{k}": k for k in range(1, SLICES + 1)}, **thresholds}
    depths, scores, nll = {}, {}, {}
    for config, mode in configs.items():
        for one in sliced:
            one.mode, one.depths, one.scores = mode, [], []
        nll[config] = np.stack([nll_of(torch, model, row, args.device) for row in tokens])
        if config in thresholds:
            depths[config] = np.stack([np.stack(one.depths) for one in sliced], -1)
            scores[config] = np.stack([np.stack(one.scores) for one in sliced], -2)
        print(f"{config}: perplexity {math.exp(nll[config][:, 1:].mean()):.4f}", file=sys.stderr)
    name = os.path.basename(os.path.normpath(args.out))
    sha256 = hashlib.sha256(open(os.path.join(args.model, "model.safetensors"), "rb").read()).hexdigest()
    prompt = args.length if args.phase == "prefill" else args.prompt
    source = f"text {os.path.basename(args.text)}"
    about = describe(name, os.path.basename(os.path.normpath(args.model)), sha256, tokens, linears, thresholds, depths,
                     args.phase, prompt, source, args.licence)
    write_pack(args.out, about, tokens, depths, scores, nll)


def nll_of(torch, model, row, device):
    ids = torch.tensor(row, device=device)
    log = torch.log_softmax(model(ids[None]).logits[0].float(), -1)
    own = -log[:-1].gather(1, ids[1:, None])[:, 0]
    return np.concatenate([[0], own.cpu().numpy()])


# ---- the self-test

def self_test(folder):
    codes = np.array([[0b11_10_01_00, 0b00_11_11_11]], np.uint8)
    scale, base = np.array([[0.5]], np.float16), np.array([[-1.0]], np.float16)
    wanted = {1: [0.5, -1], 2: [0.5 + 0.5 * 0.125, -1 + 0.5 * 0.375],
              3: [0.5 + 0.5 * (0.125 - 0.03125), -1 + 0.5 * (0.375 + 0.09375)]}
    for k, values in wanted.items():
        assert np.allclose(slice_weights(codes, scale, base, k), [values], atol=0, rtol=1e-7), k
    zeros = np.zeros((1, 2), np.float32)
    scores = router_scores(zeros, np.ones((3, 2)), np.zeros(3), np.ones((3, 3)), np.array([1.0, 0.0, 0.0]))
    assert np.allclose(scores, [[1, 1 - math.log(2), 1 - 2 * math.log(2)]])
    assert slices_of(scores, 0.5).tolist() == [2] and slices_of(scores, -9).tolist() == [4]
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, 10, (2, 4))
    sizes = [(8, 8), (8, 4), (8, 4), (8, 8), (8, 12), (8, 12), (12, 8)]
    linears = [{"name": f"model.layers.0.{kind}", "in": i, "out": o} for kind, (i, o) in zip(KINDS, sizes)]
    own = {"b3": np.sort(rng.normal(size=(2, 4, 7, 3)), -1)[..., ::-1].astype(np.float32)}
    budgets = {"b3": 0.25}
    depths = {"b3": slices_of(own["b3"], 0.25)}
    nll = {name: np.concatenate([np.zeros((2, 1)), rng.random((2, 3)) + 1], 1) for name in ["fp", "k1", "k2", "k3", "k4", "b3"]}
    about = describe("self-test", "small", "ab" * 32, tokens, linears, budgets, depths, "decode", 1, "made up", "MIT")
    write_pack(folder, about, tokens, depths, own, nll)
    read, _ = read_safetensors(os.path.join(folder, "trace.safetensors"))
    assert (read["b3/slices"] == depths["b3"]).all() and (read["tokens"] == tokens).all()
    print(f"self-test passed: {folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder with config.json, model.safetensors, tokenizer.json, slices.safetensors")
    parser.add_argument("--text", help="text file")
    parser.add_argument("--out", help="the pack's folder")
    parser.add_argument("--length", type=int, default=256, help="tokens of a sequence (default: 256)")
    parser.add_argument("--sequences", type=int, default=16, help="most sequences (default: 16)")
    parser.add_argument("--phase", choices=["decode", "prefill"], default="decode")
    parser.add_argument("--prompt", type=int, default=1, help="tokens that are given (default: 1)")
    parser.add_argument("--licence", default="unknown", help="terms of the text")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--self-test", action="store_true", help="needs numpy only; writes to --out if that is given")
    args = parser.parse_args()
    if args.self_test:
        return self_test(args.out or tempfile.mkdtemp())
    missing = [name for name in ("model", "text", "out") if getattr(args, name) is None]
    if missing:
        parser.error(f"--{missing[0]} is missing")
    return export(args)


if __name__ == "__main__":
    main()
