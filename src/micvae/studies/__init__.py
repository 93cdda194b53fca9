"""Methods × data × seeds: run, resume, aggregate, compare, choose."""

from micvae.studies.selection import select

__all__ = ["select"]
