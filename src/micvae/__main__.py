"""`python -m micvae` is the command line."""

from micvae.cli import main

main()
