"""Methods × data × seeds: run, resume, aggregate, compare."""
