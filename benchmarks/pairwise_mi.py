"""Pairwise mutual information of a batch: the batched product against a naive log-sum-exp.

Prints the time and the memory of value and gradient together, of both, and what the machine
allows: the product's floating-point operations at this machine's measured rate of float32 matrix
products (square ones, its best case, and ones of this shape), and the exponentials at its measured
rate of exp.

    python benchmarks/pairwise_mi.py
    python benchmarks/pairwise_mi.py --batch 512 --latents 16 --device cuda

**Time.** Both take turns, after one run each to warm up; medians and the range over the repeats.

**Memory.** What one run adds to the peak. On a CPU, a fresh process per method, which warms up on a
batch of 8, reads its peak resident size (ru_maxrss), runs once and reads it again. On a GPU,
`torch.cuda.max_memory_allocated` less what was allocated before.
"""

import argparse
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from micvae.information.joint import pairwise_mixture_information

MIB = 2**20


def naive(z: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """What the formula says, over all (B, B, D, D) joint log-densities."""
    log_density = torch.distributions.Normal(loc, scale, validate_args=False).log_prob(z[:, None])
    joint = (log_density[..., :, None] + log_density[..., None, :]).logsumexp(1)
    marginal = log_density.logsumexp(1)
    pairs = joint - marginal[:, :, None] - marginal[:, None, :] + math.log(len(loc))
    return pairs.mean(0) * (1 - torch.eye(z.shape[1], device=z.device))


METHODS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "batched": pairwise_mixture_information,
    "naive": naive,
}


def batch_of(size: int, latents: int, device: str) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    loc = torch.randn(size, latents, generator=generator)
    scale = 0.1 + 0.2 * torch.rand(size, latents, generator=generator)
    z = loc + scale * torch.randn(size, latents, generator=generator)
    return z.to(device), loc.to(device), scale.to(device)


def value_and_gradient(method: str, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    z, loc, scale = (t.detach().requires_grad_() for t in tensors)
    value = METHODS[method](z, loc, scale)
    return value.detach(), *torch.autograd.grad(value.sum(), (z, loc, scale))


def seconds(work: Callable[[], object], device: str) -> float:
    """Time `work`, a GPU's queue emptied before and after."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def resident_peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def added_memory(method: str, size: int, latents: int, device: str) -> int:
    """Bytes that one run adds to this process' peak; on a CPU the process must be fresh."""
    value_and_gradient(method, batch_of(8, latents, device))
    tensors = batch_of(size, latents, device)
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        value_and_gradient(method, tensors)
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    before = resident_peak()
    value_and_gradient(method, tensors)
    return resident_peak() - before


def added_memory_in_a_fresh_process(method: str, options: argparse.Namespace) -> int:
    command = [sys.executable, __file__, "--memory-of", method, "--device", options.device]
    command += ["--batch", str(options.batch), "--latents", str(options.latents)]
    command += ["--threads", str(options.threads)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rate(work: Callable[[], object], amount: float, device: str) -> float:
    """`amount` per second, the best of ten: a limit is what the machine can do undisturbed."""
    work()
    return amount / min(seconds(work, device) for _ in range(10))


def limits(size: int, latents: int, device: str) -> list[tuple[str, float, str]]:
    """Name, seconds and explanation of what the machine cannot do faster."""
    side = 1024
    square = torch.rand(side, side, device=device)
    out = torch.empty_like(square)
    products = rate(lambda: torch.mm(square, square, out=out), 2 * side**3, device)
    thin = torch.rand(size, latents, size, device=device)
    gram = torch.empty(size, latents, latents, device=device)
    shaped = rate(lambda: torch.bmm(thin, thin.mT, out=gram), 2 * size**2 * latents**2, device)
    row = -torch.rand(1 << (15 if device == "cpu" else 24), device=device)
    target = torch.empty_like(row)
    exponentials = rate(lambda: torch.exp(row, out=target), row.numel(), device)
    operations = 4 * size**2 * latents**2  # 2 B² D² forward, as many backward
    exps = 2 * size**2 * latents  # the densities, and once more in the backward pass
    return [
        (
            "limit: matrix product",
            operations / products,
            f"{operations / 1e9:.3f} GFLOP at {products / 1e9:.0f} GFLOP/s",
        ),
        (
            "  the same in its shape",
            operations / shaped,
            f"{size} × ({latents}, {size})·({size}, {latents}) at {shaped / 1e9:.0f} GFLOP/s",
        ),
        (
            "limit: exponentials",
            exps / exponentials,
            f"{exps / 1e6:.2f} M at {exponentials / 1e9:.2f} G/s",
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=256, help="B, samples (default 256)")
    parser.add_argument("--latents", type=int, default=32, help="D, latents (default 32)")
    parser.add_argument("--repeats", type=int, default=7, help="timed runs of each (default 7)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--memory-of", choices=list(METHODS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if min(options.latents, options.repeats, options.threads) < 1 or options.batch < 2:
        parser.error("--batch must be at least 2, --latents, --repeats and --threads at least 1")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch sees no GPU here; use --device cpu")
    torch.set_num_threads(options.threads)
    size, latents, device = options.batch, options.latents, options.device
    if options.memory_of:
        print(added_memory(options.memory_of, size, latents, device))
        return

    memory = {method: added_memory_in_a_fresh_process(method, options) for method in METHODS}
    tensors = batch_of(size, latents, device)
    first, second = (value_and_gradient(method, tensors) for method in METHODS)
    largest = [
        float((a - b).abs().max() / b.abs().max()) for a, b in zip(first, second, strict=True)
    ]
    taken: dict[str, list[float]] = {method: [] for method in METHODS}
    for _ in range(options.repeats):
        for method, times in taken.items():
            times.append(seconds(lambda m=method: value_and_gradient(m, tensors), device))
    median = {method: statistics.median(times) for method, times in taken.items()}
    floors = limits(size, latents, device)

    name = torch.cuda.get_device_name() if device == "cuda" else f"{options.threads} CPU thread(s)"
    print(
        f"value and gradient, B = {size}, D = {latents}, float32, {name}, torch {torch.__version__}"
    )
    print(f"{'':24}{'median ms':>11}{'range ms':>18}{'peak MiB':>10}")
    for method, times in taken.items():
        spread = f"{1e3 * min(times):.1f} to {1e3 * max(times):.1f}"
        print(f"{method:24}{1e3 * median[method]:11.2f}{spread:>18}{memory[method] / MIB:10.1f}")
    for label, least, why in floors:
        print(f"{label:24}{1e3 * least:11.2f}  {why}")
    share = sum(least for label, least, _ in floors if label.startswith("limit"))
    share /= median["batched"]
    less = memory["naive"] / max(memory["batched"], 1)
    print(f"batched is {median['naive'] / median['batched']:.0f} times faster than naive", end=" ")
    print(
        f"and adds {less:.0f} times less memory; both limits together are {share:.0%} of its time"
    )
    print(f"largest difference of value and gradients, relative: {max(largest):.1e}")


if __name__ == "__main__":
    main()
