"""Speed and memory of the metrics: fast DCI beside scikit-learn's trees, all else, and scaling.

The job is the issue of every large study: 10,000 training and 5,000 test samples, 10 latents, 5
factors of 3, 6, 40, 32 and 32 values. Fast and reference DCI are measured in one run, on the same
codes; each metric runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import numpy as np

SIZES = (3, 6, 40, 32, 32)
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def example(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Mixed, noisy codes of uniform factors."""
    random = np.random.default_rng(seed)
    factors = np.stack([random.integers(0, m, n) for m in SIZES], axis=1)
    standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    mixed = 0.3 * standard @ random.normal(size=(len(SIZES), d))
    own = np.stack([standard[:, j % len(SIZES)] for j in range(d)], axis=1)
    return mixed + own + 0.3 * random.normal(size=(n, d)), factors


def measure(name: str, n: int, d: int, predictor: str = "trees") -> dict[str, object]:
    """Seconds, peak memory and values of one metric's function, in this process."""
    from micvae.metrics import METRICS, Matched

    metric = METRICS[name]
    codes, factors = example(n, d)
    options: dict[str, object] = {}
    if metric.refits:
        options = {"predictor": predictor, "n_jobs": CORES}
        metric.function(codes[:200], factors[:200, :1])  # reads the compiled code, or compiles it
    else:
        metric.function(*arguments(metric.needs, codes[:200], factors[:200, :2], Matched))
    given = arguments(metric.needs, codes, factors, Matched)
    before = peak()
    started = time.perf_counter()
    score = metric.function(*given, **options)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "before": before, "peak": peak(), "values": dict(score.values)}


def arguments(needs: str, codes: np.ndarray, factors: np.ndarray, matched: type) -> tuple:
    if needs == "codes":
        return (codes,)
    return (matched(codes, factors),) if needs == "interventions" else (codes, factors)


def peak() -> float:
    """Largest resident memory so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(name: str, n: int, d: int, predictor: str = "trees") -> dict[str, object]:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--measure", name, str(n), str(d), predictor]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def functions() -> dict[str, str]:
    """The first key of every function."""
    from micvae.metrics import METRICS

    firsts: dict[object, str] = {}
    for name, metric in METRICS.items():
        firsts.setdefault(metric.function, name)
    return {name: function.__name__ for function, name in firsts.items()}


def show(title: str, found: dict[str, object]) -> None:
    added = found["peak"] - found["before"]
    print(f"{title:28s} {found['seconds']:9.3f} s {found['peak']:7.0f} MiB peak (+{added:.0f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="no reference, no scaling")
    options = parser.parse_args()
    if options.measure:
        name, n, d, predictor = options.measure
        print(json.dumps(measure(name, int(n), int(d), predictor)))
        return

    print(f"15,000 samples, 10 latents, factors of {SIZES} values, {CORES} cores")
    total, others = 0.0, functions()
    for name, title in others.items():
        if title == "dci":
            continue
        found = apart(name, 15_000, 10)
        show(title, found)
        if title not in ("beta_vae_score", "factor_vae_score"):
            total += found["seconds"]
    print(f"{'all but DCI and the drawing':28s} {total:9.3f} s")
    fast = apart("dci_disentanglement", 15_000, 10)
    show("dci, fast", fast)
    if options.quick:
        return
    reference = apart("dci_disentanglement", 15_000, 10, "sklearn")
    show("dci, scikit-learn", reference)
    print(f"fast DCI is {reference['seconds'] / fast['seconds']:.0f} times faster; differences:")
    for key, value in fast["values"].items():
        print(f"  {key:26s} {value:.4f} − {reference['values'][key]:.4f}")

    print("\nseconds by number of samples, 10 latents (DCI to 100,000)")
    for title, name in {v: k for k, v in others.items()}.items():
        sizes = [10**e for e in range(3, 7 if title != "dci" else 6)]
        times = [apart(name, n, 10)["seconds"] for n in sizes]
        shown = "".join(f"{n:>12,}: {t:8.3f}" for n, t in zip(sizes, times, strict=True))
        print(f"{title:28s}{shown}", flush=True)
    print("\nseconds by number of latents, 15,000 samples")
    for title, name in {v: k for k, v in others.items()}.items():
        times = [(d, apart(name, 15_000, d)["seconds"]) for d in (3, 10, 32, 128)]
        print(f"{title:28s}" + "".join(f"{d:>12}: {t:8.3f}" for d, t in times), flush=True)


if __name__ == "__main__":
    main()
