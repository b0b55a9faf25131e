"""Runs the command line as `python -m stream_verifier`."""

from stream_verifier.cli import main

main()
