"""A newcomer's first hour, a line per step, each printed with what it answers.

python -m venv fresh && fresh/bin/pip install "dist/micvae-0.1.0-py3-none-any.whl[onnx]"
fresh/bin/python scripts/newcomer.py coil20_32x32.npz
"""

import argparse
import contextlib
import io
from pathlib import Path

from micvae import Disentangler
from micvae.cli import main as micvae

STEPS = (
    'learner = Disentangler("beta-tcvae", latent_dim=6, epochs=60, seed=0).fit(data)',
    "learner.transform(data).shape",
    "round(learner.score(data), 1)",
    'learner.save("out/first").name',
    'micvae(["export", "out/first"])',
    'micvae(["explore", "out/first"])',
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="an .npz file or a folder of pictures")
    names = {"Disentangler": Disentangler, "micvae": micvae, "data": parser.parse_args().data}
    for step in STEPS:
        print(f">>> {step}")
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(step, "step", "single"), names)  # "single" prints what a line returns
        print(said.getvalue(), end="")


if __name__ == "__main__":
    main()
