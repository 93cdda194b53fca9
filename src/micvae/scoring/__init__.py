"""Scores of trained runs: computed, stored beside their nulls, and compared without labels."""

from micvae.scoring.runs import SAMPLES, ensure_scores, evaluate_run, rank_runs, stored_scores

__all__ = ["SAMPLES", "ensure_scores", "evaluate_run", "rank_runs", "stored_scores"]
