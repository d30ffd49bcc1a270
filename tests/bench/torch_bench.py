"""The peer of tests/bench/bench.c in PyTorch: the same networks, losses, optimiser, weights and batch.

usage: torch_bench.py [--layout nchw|channels_last] [--threads N] [--compile]
                      step|infer NETWORK SIZE BATCH SECONDS | first|losses NETWORK SIZE BATCH | version

--threads 0: every CPU; without the option PyTorch decides. Prints one line "name=value ..." as bench.c does.
"""
import argparse
import os
import resource
import sys
import time


def process_age():
    """Seconds since this process began, to the 10 ms of the kernel's bookkeeping."""
    with open("/proc/self/stat") as f:
        ticks = int(f.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--layout", choices=["nchw", "channels_last"], default="nchw")
    p.add_argument("--threads", type=int)
    p.add_argument("--compile", action="store_true")
    p.add_argument("mode", choices=["step", "infer", "first", "losses", "version"])
    p.add_argument("network", nargs="?")
    p.add_argument("size", nargs="?", type=int)
    p.add_argument("batch", nargs="?", type=int)
    p.add_argument("seconds", nargs="?", type=float, default=0.0)
    return p.parse_args()


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def training_step(torch, model, batch):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(model(batch[0], batch[1]), *batch)
        loss.backward()
        optimizer.step()
        return loss

    return step


def inference(torch, model, batch):
    model.eval()

    def step():
        with torch.inference_mode():
            return model(batch[0], batch[1])

    return step


def summary(samples, threads):
    """As bench_samples.h says: CPU time with one thread, else wall time of the samples that had their CPUs."""
    shares = sorted(min(1.0, cpu / (wall * threads)) for wall, cpu in samples)
    if threads == 1:
        times = sorted(cpu for _, cpu in samples)
    else:
        times = sorted(w for w, c in samples if min(1.0, c / (w * threads)) >= 0.97 * shares[-1])
    return times[len(times) // 2], times[0], len(times), shares[len(shares) // 2]


def measure(step, seconds, threads, batch):
    step()
    samples, start = [], time.perf_counter()
    while len(samples) < 3 or time.perf_counter() - start < seconds:
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        samples.append((time.perf_counter() - wall, time.process_time() - cpu))
    median, best, clean, share = summary(samples, threads)
    return (
        f"images_per_s={batch / median:.2f} best={batch / best:.2f} clean={clean} of={len(samples)}"
        f" share={share:.3f} threads={threads}"
    )


def main():
    a = arguments()
    import torch

    if a.mode == "version":
        build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"
        print(f"{torch.__version__} ({build} build, {torch.get_num_threads()} threads by default)")
        return
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from torch_networks import NETWORKS, batch_of, fill_weights

    if a.threads is not None:
        torch.set_num_threads(a.threads or len(os.sched_getaffinity(0)))
    torch.manual_seed(0)
    model, batch = NETWORKS[a.network](a.size), batch_of(a.network, a.batch, a.size)
    fill_weights(model)
    if a.layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        batch = (batch[0].contiguous(memory_format=torch.channels_last), *batch[1:])
    if a.compile:
        model.compile()
    step = inference(torch, model, batch) if a.mode == "infer" else training_step(torch, model, batch)
    if a.mode == "losses":
        text = " ".join(f"loss{i}={step().item():.9g}" for i in range(3))
    elif a.mode == "first":
        step()
        text = f"first_s={process_age():.3f}"
    else:
        text = measure(step, a.seconds, torch.get_num_threads(), a.batch)
    weights = sum(p.numel() for p in model.parameters())
    print(f"{text} peak_mib={peak_mib():.1f} weights={weights}")


main()
