"""micvae: disentangled and identifiable representation learning."""

__version__ = "0.1.0"
