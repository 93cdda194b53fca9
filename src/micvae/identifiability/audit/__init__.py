"""The audit of trained models: what can be told of generator, encoder, latents and conclusion.

`audit_runs` is behind `micvae audit`; `audit_subject` takes any model with its data. How to read
it is in `docs/audit.md`.
"""

from micvae.identifiability.audit.run import FULL, QUICK, RESULT, Scale, audit_runs, audit_subject
from micvae.identifiability.audit.subject import Subject

__all__ = ["FULL", "QUICK", "RESULT", "Scale", "Subject", "audit_runs", "audit_subject"]
