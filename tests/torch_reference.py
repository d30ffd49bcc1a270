"""Two training steps of lae_small in PyTorch, in double precision: the independent answer for tests/test_torch.c.

usage: torch_reference.py IN.safetensors OUT.safetensors
IN holds param.<name>, image, label, mask, has_mask; among its notes the weights of the losses, the settings of SGD, and
residual_clip (0: the encoder sees colours).
OUT gets step<i>.<loss>, grad.<name> (of the first step) and param.<name> (after the last). The files are read and
written by hand, from the description of the format, so that the C side is not checked against itself.
"""
import json
import math
import struct
import sys

import torch
import torch.nn.functional as F


def read(path):
    with open(path, "rb") as f:
        raw = f.read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    notes = header.pop("__metadata__", {})
    data = raw[8 + n :]
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", name
        begin, end = entry["data_offsets"]
        count = math.prod(entry["shape"])
        assert end - begin == 4 * count, name
        values = struct.unpack("<%df" % count, data[begin:end])
        tensors[name] = torch.tensor(values, dtype=torch.float64).reshape(entry["shape"])
    return tensors, notes


def write(path, tensors):
    header, chunks, at = {}, [], 0
    for name in sorted(tensors):
        t = tensors[name].detach().reshape(-1).tolist()
        chunk = struct.pack("<%df" % len(t), *t)
        shape = list(tensors[name].shape) or [1]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(chunk)]}
        chunks.append(chunk)
        at += len(chunk)
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def layer(p, scope, x, stride, norm=True):
    y = F.conv2d(x, p[scope + ".conv.weight"], p.get(scope + ".conv.bias"), stride, 1)
    if not norm:
        return y
    bn = scope + ".bn."
    return F.batch_norm(y, p[bn + "running_mean"], p[bn + "running_var"], p[bn + "weight"], p[bn + "bias"], True, 0.1, 1e-5)


def residuals(x, clip):
    """Each of three high-pass filters on each colour; clipped, and scaled to -1..1."""
    kv = [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]
    filters = [
        F.pad(torch.tensor([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]], dtype=x.dtype) / 4, (1, 1, 1, 1)),
        torch.tensor(kv, dtype=x.dtype) / 12,
        F.pad(torch.tensor([[1, -2, 1]], dtype=x.dtype) / 2, (1, 1, 2, 2)),
    ]
    planes = [F.conv2d(x[:, c : c + 1], f[None, None], padding=2) for c in range(3) for f in filters]
    return torch.cat(planes, 1).clamp(-clip, clip) / clip


def forward(p, x, y, clip):
    image_size = x.shape[2:]
    if clip > 0:
        x = residuals(x, clip)
    h = F.relu(layer(p, "encoder.0", x, 1, False))
    for i in range(1, 5):
        h = F.relu(layer(p, "encoder.%d" % i, h, 2))
    half = h.shape[1] // 2
    a = torch.stack([h[:, :half].abs().mean((1, 2, 3)), h[:, half:].abs().mean((1, 2, 3))], 1)
    logit = F.linear(h.mean((2, 3)), p["head.weight"], p["head.bias"])
    cam = F.conv2d(h, p["head.weight"][:, :, None, None], p["head.bias"])
    m = torch.sigmoid(F.interpolate(cam, size=image_size, mode="bilinear", align_corners=False))
    keep = torch.zeros_like(h)
    for n in range(len(y)):
        if y[n] > 0.5:
            keep[n, half:] = 1
        else:
            keep[n, :half] = 1
    d = h * keep
    for i in range(4):
        d = F.relu(layer(p, "decoder.%d" % i, F.interpolate(d, scale_factor=2, mode="nearest"), 1))
    return torch.tanh(layer(p, "decoder.4", d, 1, False)), a, logit, m


def losses(p, x, y, g, known, clip):
    recon, a, logit, m = forward(p, x, y, clip)
    per_image = ((m - g) ** 2).mean((1, 2, 3))
    return {
        "rec": (recon - x).abs().mean(),
        "latent": ((a[:, 1] - y).abs() + (a[:, 0] - (1 - y)).abs()).mean(),
        "mask": (per_image * known).sum() / known.sum(),
        "cls": F.binary_cross_entropy_with_logits(logit[:, 0], y),
    }


def main():
    tensors, notes = read(sys.argv[1])
    p = {k[6:]: v for k, v in tensors.items() if k.startswith("param.")}
    trained = sorted(k for k in p if "running_" not in k)
    decayed = {k for k in trained if k.endswith("conv.weight") or k == "head.weight"}
    for k in trained:
        p[k].requires_grad_(True)
    lr, momentum, decay = (float(notes[k]) for k in ("lr", "momentum", "weight_decay"))
    optimizer = torch.optim.SGD(
        [
            {"params": [p[k] for k in trained if k in decayed], "weight_decay": decay},
            {"params": [p[k] for k in trained if k not in decayed]},
        ],
        lr=lr,
        momentum=momentum,
    )
    out = {}
    for step in range(int(notes["steps"])):
        optimizer.zero_grad()
        batch = [tensors[k] for k in ("image", "label", "mask", "has_mask")]
        parts = losses(p, *batch, float(notes["residual_clip"]))
        total = sum(float(notes[k]) * v for k, v in parts.items())
        total.backward()
        if step == 0:
            out.update({"grad." + k: p[k].grad.clone() for k in trained})
        out.update({"step%d.%s" % (step, k): v for k, v in parts.items()})
        out["step%d.total" % step] = total
        optimizer.step()
    out.update({"param." + k: v for k, v in p.items()})
    write(sys.argv[2], out)


main()
