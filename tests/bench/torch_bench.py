"""One training step of a Locus network in PyTorch, timed: the peer of tests/bench/bench.c.

usage: torch_bench.py NETWORK SIZE BATCH SECONDS  ->  "images_per_s peak_mib"

The same layers, losses and optimiser as the C program (nn/model/arch_lae.c, train/objective.c), in PyTorch's best
ordinary setting: channels_last, all CPUs.
"""
import os
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

SRM = [
    (4, [[0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, -1, 2, -1, 0], [0, 0, 0, 0, 0]]),
    (12, [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]),
    (2, [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, -2, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]),
]


class Conv(nn.Sequential):
    """3x3 convolution, batch norm (or a bias), activation; nearest x2 before where `grow`."""

    def __init__(self, i, o, stride=1, norm=True, act=None, grow=False):
        layers = [nn.Upsample(scale_factor=2, mode="nearest")] if grow else []
        layers.append(nn.Conv2d(i, o, 3, stride, 1, bias=not norm))
        if norm:
            layers.append(nn.BatchNorm2d(o))
        layers.append(act or nn.ReLU(inplace=True))
        super().__init__(*layers)


class Residual(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
            nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
        same = stride == 1 and i == o
        self.short = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        return F.relu(self.body(x) + self.short(x))


def decoder(chain):
    steps = [Conv(a, b, grow=True) for a, b in zip(chain[:-1], chain[1:])]
    return nn.Sequential(*steps, Conv(chain[-1], 3, norm=False, act=nn.Tanh()))


def lae_small():
    chain = [9, 8, 16, 32, 64, 128]
    layers = [Conv(a, b, 1 if k == 0 else 2, k > 0) for k, (a, b) in enumerate(zip(chain[:-1], chain[1:]))]
    return nn.Sequential(*layers), decoder([128, 64, 32, 16, 8]), 128


def lae_base():
    layers, c = [Conv(9, 32, 2)], 32
    for k in range(6):
        o = [64, 128, 256][k // 2]
        layers.append(Residual(c, o, 1 if k % 2 else 2))
        c = o
    return nn.Sequential(*layers), decoder([256, 128, 64, 32, 16]), 256


class Detector(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.encode, self.decode, self.channels = {"lae_small": lae_small, "lae_base": lae_base}[network]()
        self.head = nn.Linear(self.channels, 1)
        taps = torch.tensor([[[v / s for v in row] for row in f] for s, f in SRM])
        self.register_buffer("srm", taps.repeat(3, 1, 1).unsqueeze(1))

    def forward(self, x, y):
        r = F.conv2d(x, self.srm, padding=2, groups=3).clamp(-0.04, 0.04) / 0.04
        h = self.encode(r)
        half = self.channels // 2
        activity = torch.stack([h[:, :half].abs().mean((1, 2, 3)), h[:, half:].abs().mean((1, 2, 3))], 1)
        logit = self.head(h.mean((2, 3)))
        cam = F.conv2d(h, self.head.weight.view(1, -1, 1, 1), self.head.bias)
        cam = torch.sigmoid(F.interpolate(cam, size=x.shape[2:], mode="bilinear", align_corners=False))
        keep = torch.cat([(1 - y).view(-1, 1).expand(-1, half), y.view(-1, 1).expand(-1, half)], 1)
        return activity, logit.squeeze(1), cam, self.decode(h * keep[:, :, None, None])


def main():
    network, size, batch, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(0)
    model = Detector(network).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = (torch.rand(batch, 3, size, size) * 2 - 1).contiguous(memory_format=torch.channels_last)
    y = (torch.arange(batch) % 2).float()
    mask = (torch.rand(batch, 1, size, size) > 0.7).float() * y.view(-1, 1, 1, 1)

    def step():
        optimizer.zero_grad(set_to_none=True)
        a, logit, cam, recon = model(x, y)
        loss = 0.1 * (recon - x).abs().mean() + ((a[:, 1] - y).abs() + (a[:, 0] - (1 - y)).abs()).mean()
        loss = loss + F.mse_loss(cam, mask) + F.binary_cross_entropy_with_logits(logit, y)
        loss.backward()
        optimizer.step()

    step()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 3:
        before = time.perf_counter()
        step()
        times.append(time.perf_counter() - before)
    times.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{batch / times[len(times) // 2]:.2f} {peak:.1f}")


main()
