"""The networks of the benchmark in PyTorch, layer for layer as in C (nn/model/arch_lae.c, tests/bench/network_*.c),
with their losses. Parameters are registered in the order of the C graphs, so that fill_weights gives both sides the
same.

A network's forward takes the batch's images and labels and returns a dictionary; loss(out, x, y, mask) is a method.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

# ---- weights and batches that C computes too: tests/bench/bench_data.h ----

IMAGE_TENSOR, MASK_TENSOR = 1000, 1001


def spread(n, t):
    """n numbers in 0..1: a hash of k + t 1000003."""
    low = 0xFFFFFFFF
    h = (torch.arange(n, dtype=torch.int64) + t * 1000003) & low
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & low
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & low
    return ((h ^ (h >> 16)) >> 8).float() / 16777216.0


@torch.no_grad()
def fill_weights(model):
    t = 0
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if p.dim() > 1:
                bound = math.sqrt(6.0 * p.shape[0] / p.numel())
                p.copy_(((2 * spread(p.numel(), t) - 1) * bound).view_as(p))
                t += 1
            else:
                p.fill_(1.0 if isinstance(module, nn.BatchNorm2d) and name == "weight" else 0.0)


def batch_of(network, n, size):
    x = spread(n * 3 * size * size, IMAGE_TENSOR).view(n, 3, size, size)
    y = (torch.arange(n) % 2).float()
    mask = (spread(n * size * size, MASK_TENSOR) > 0.7).float().view(n, 1, size, size) * y.view(-1, 1, 1, 1)
    return (x if network == "lae_ref" else 2 * x - 1), y, mask


# ---- layers ----


def conv_norm(i, o, kernel, stride):
    return [nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(o)]


class Conv(nn.Sequential):
    """3x3 convolution, batch norm (or a bias), activation; nearest x2 before where `grow`."""

    def __init__(self, i, o, stride=1, norm=True, act=None, grow=False):
        layers = [nn.Upsample(scale_factor=2, mode="nearest")] if grow else []
        layers += conv_norm(i, o, 3, stride) if norm else [nn.Conv2d(i, o, 3, stride, 1)]
        layers.append(act or nn.ReLU(inplace=True))
        super().__init__(*layers)


class Residual(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.body = nn.Sequential(*conv_norm(i, o, 3, stride), nn.ReLU(inplace=True), *conv_norm(o, o, 3, 1))
        same = stride == 1 and i == o
        self.short = nn.Identity() if same else nn.Sequential(*conv_norm(i, o, 1, stride))

    def forward(self, x):
        return F.relu(self.body(x) + self.short(x), inplace=True)


def decoder(chain, last):
    steps = [Conv(a, b, grow=True) for a, b in zip(chain[:-1], chain[1:])]
    return nn.Sequential(*steps, Conv(chain[-1], 3, norm=False, act=last))


# ---- lae_ref ----


class LaeRef(nn.Module):
    def __init__(self, size):
        super().__init__()
        chain = [3, 32, 32, 64, 128, 128]
        pairs = enumerate(zip(chain[:-1], chain[1:]))
        self.encode = nn.Sequential(
            *[Conv(a, b, 2 if k else 1, act=nn.LeakyReLU(0.1, inplace=True)) for k, (a, b) in pairs]
        )
        self.latent, self.cls, self.seed = nn.Linear(128, 128), nn.Linear(128, 1), nn.Linear(128, 8192)
        n = int(math.log2(size // 8))
        self.decode = decoder([128] + [min(128, 16 << (n - 1 - i)) for i in range(n)], nn.Sigmoid())

    def forward(self, x, y):
        h = self.encode(x)
        z = self.latent(h.mean((2, 3)))
        cam = torch.sigmoid(F.conv2d(h, (self.cls.weight @ self.latent.weight).view(1, 128, 1, 1)))
        return {
            "logit": self.cls(z).squeeze(1),
            "map": F.interpolate(cam, size=x.shape[2:], mode="bilinear", align_corners=False),
            "recon": self.decode(self.seed(z).view(-1, 128, 8, 8)),
        }

    @staticmethod
    def loss(out, x, y, mask):
        return (
            F.mse_loss(out["recon"], x)
            + F.mse_loss(out["map"], mask)
            + F.binary_cross_entropy_with_logits(out["logit"], y)
        )


# ---- lae_small, lae_base: residual input, selection block, the default objective ----

SRM = [
    (4, [[0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, -1, 2, -1, 0], [0, 0, 0, 0, 0]]),
    (12, [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]),
    (2, [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, -2, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]),
]


def lae_small_encoder():
    chain = [9, 8, 16, 32, 64, 128]
    return [Conv(a, b, 1 if k == 0 else 2, k > 0) for k, (a, b) in enumerate(zip(chain[:-1], chain[1:]))]


def lae_base_encoder():
    layers, c = [Conv(9, 32, 2)], 32
    for k in range(6):
        o = [64, 128, 256][k // 2]
        layers.append(Residual(c, o, 1 if k % 2 else 2))
        c = o
    return layers


class Detector(nn.Module):
    def __init__(self, encoder, chain):
        super().__init__()
        self.encode = nn.Sequential(*encoder)
        self.head = nn.Linear(chain[0], 1)
        self.decode = decoder(chain, nn.Tanh())
        taps = torch.tensor([[[v / s for v in row] for row in f] for s, f in SRM])
        self.register_buffer("srm", taps.repeat(3, 1, 1).unsqueeze(1))

    def forward(self, x, y):
        r = F.conv2d(x, self.srm, padding=2, groups=3).clamp(-0.04, 0.04) / 0.04
        h = self.encode(r)
        half = h.shape[1] // 2
        cam = F.conv2d(h, self.head.weight.view(1, -1, 1, 1), self.head.bias)
        keep = torch.cat([(1 - y).view(-1, 1).expand(-1, half), y.view(-1, 1).expand(-1, half)], 1)
        out = {
            "logit": self.head(h.mean((2, 3))).squeeze(1),
            "map": torch.sigmoid(F.interpolate(cam, size=x.shape[2:], mode="bilinear", align_corners=False)),
            "recon": self.decode(h * keep[:, :, None, None]),
        }
        if self.training:
            out["activity"] = [h[:, :half].abs().mean((1, 2, 3)), h[:, half:].abs().mean((1, 2, 3))]
        return out

    @staticmethod
    def loss(out, x, y, mask):
        real, fake = out["activity"]
        return (
            0.1 * F.l1_loss(out["recon"], x)
            + ((fake - y).abs() + (real - (1 - y)).abs()).mean()
            + F.mse_loss(out["map"], mask)
            + F.binary_cross_entropy_with_logits(out["logit"], y)
        )


# ---- resnet18 ----


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [*conv_norm(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
        c = 64
        for k in range(8):
            o = 64 << (k // 2)
            layers.append(Residual(c, o, 2 if k > 1 and k % 2 == 0 else 1))
            c = o
        self.body, self.fc = nn.Sequential(*layers), nn.Linear(512, 1)

    def forward(self, x, y):
        return {"logit": self.fc(self.body(x).mean((2, 3))).squeeze(1)}

    @staticmethod
    def loss(out, x, y, mask):
        return F.binary_cross_entropy_with_logits(out["logit"], y)


NETWORKS = {
    "lae_ref": LaeRef,
    "lae_small": lambda size: Detector(lae_small_encoder(), [128, 64, 32, 16, 8]),
    "lae_base": lambda size: Detector(lae_base_encoder(), [256, 128, 64, 32, 16]),
    "resnet18": lambda size: ResNet18(),
}
