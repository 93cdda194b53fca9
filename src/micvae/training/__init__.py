"""The one training loop, its checkpoints and devices, and the run folders it fills."""
