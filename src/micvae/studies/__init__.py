"""Methods × data × seeds: run, resume, aggregate, compare, choose."""

from micvae.studies.comparison import Comparison, compare_runs
from micvae.studies.selection import select

__all__ = ["Comparison", "compare_runs", "select"]
