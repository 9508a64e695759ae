"""The command line: one short command per step, and build, serve, export."""

from covermap.cli.app import app, main

__all__ = ["app", "main"]
