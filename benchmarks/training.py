"""Speed of training on the toy job, beside the machine's own limit and a plain loop.

The job is that of `micvae reproduce`: its method, its network, its batch.

The operations of one step, forward and backward, are counted by PyTorch's FLOP counter
(convolutions and matrix products; everything else is overhead here). The limit is the rate of a
large float32 matrix product on the same thread. The plain loop is what one writes by hand: the
same network and loss, default memory format, unfused Adam, `backward`, data from a shuffled
`DataLoader`. All three are measured in turns, because a machine's speed changes over time; the
figures are medians over the turns.
"""

import argparse
import dataclasses
import statistics
import time

import torch
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from micvae import spelling
from micvae.data import load
from micvae.networks import Network
from micvae.objectives import Step, find
from micvae.studies.paper import NETWORK
from micvae.training.config import RunConfig
from micvae.training.trainer import Trainer

SIDE = 2048


def operations(trainer: Trainer) -> int:
    """Floating-point operations of the convolutions and matrix products of one step."""
    with FlopCounterMode(display=False) as counter:
        next(trainer.steps())
    return counter.get_total_flops()


def matmul_rate() -> float:
    """Operations per second of one large float32 matrix product."""
    a, b = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)
    started = time.perf_counter()
    a @ b
    return 2 * SIDE**3 / (time.perf_counter() - started)


def trained(trainer: Trainer, steps: int) -> float:
    """Seconds per step of the library's loop."""
    epoch = trainer.steps()
    started = time.perf_counter()
    for _ in range(steps):
        next(epoch)
    trainer.log.flush()
    return (time.perf_counter() - started) / steps


class PlainLoop:
    """The loop that one would write by hand."""

    def __init__(self, trainer: Trainer) -> None:
        self.model = trainer.model.to(memory_format=torch.contiguous_format)
        self.objective = trainer.config.objective
        self.optimizer = torch.optim.Adam(self.model.parameters(), fused=False)
        self.noise = torch.Generator().manual_seed(0)
        self.n = len(trainer.images)
        order = torch.Generator().manual_seed(0)
        data = TensorDataset(trainer.images)
        self.batches = DataLoader(data, trainer.config.batch_size, shuffle=True, generator=order)

    def __call__(self, steps: int) -> float:
        batches = iter(self.batches)
        started = time.perf_counter()
        for number in range(steps):
            (batch,) = next(batches)
            self.optimizer.zero_grad()
            losses = self.objective(self.model, batch, Step(number, self.n, self.noise))
            losses.minimised["model"].backward()
            self.optimizer.step()
        return (time.perf_counter() - started) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", default="mi-constrained", help="what is trained")
    parser.add_argument("--network", default=spelling.spell(NETWORK), help="with what network")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100, help="steps per turn")
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()

    torch.set_num_threads(1)
    config = RunConfig(
        objective=find(options.method),
        network=spelling.read(options.network, Network),
        data=f"squares(n={max(4096, (options.steps + 1) * options.batch_size)})",
        batch_size=options.batch_size,
        device="cpu",
    )
    dataset = load(config.data)
    trainer = Trainer(config, dataset)
    plain = PlainLoop(Trainer(dataclasses.replace(config), dataset))
    count = operations(trainer)

    turns = []
    for _ in range(options.turns + 1):
        rates = [matmul_rate() for _ in range(3)]
        own = trained(trainer, options.steps)
        rates += [matmul_rate() for _ in range(3)]
        turns.append((statistics.median(rates), own, plain(options.steps)))
    limit, own, by_hand = (statistics.median(column) for column in zip(*turns[1:], strict=True))
    ratio = statistics.median(count / own / limit for limit, own, _ in turns[1:])
    against = statistics.median(by_hand / own for _, own, by_hand in turns[1:])

    print(f"{options.method}, {options.network}, batch {options.batch_size}, one thread")
    print(f"operations per step       {count / 1e6:8.1f} MFLOP")
    print(f"micvae                    {own * 1e3:8.2f} ms/step  {count / own / 1e9:6.1f} GFLOP/s")
    print(f"plain loop                {by_hand * 1e3:8.2f} ms/step  {against:6.2f} × as long")
    print(f"matrix product, {SIDE}²    {limit / 1e9:20.1f} GFLOP/s")
    print(f"share of the limit        {ratio:8.0%}")
    print(f"a run of 12,800 steps     {own * 12_800:8.0f} s")


if __name__ == "__main__":
    main()
