"""Scores of trained runs: computed, stored beside their nulls, and compared without labels."""

from micvae.scoring.runs import SAMPLES, evaluate_run, rank_runs, stored_scores

__all__ = ["SAMPLES", "evaluate_run", "rank_runs", "stored_scores"]
