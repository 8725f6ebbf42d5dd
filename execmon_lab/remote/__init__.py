"""Executions of other processes and machines, held like a run of one's own."""

from .run import RemoteRun, RemoteScreenshots, connect

__all__ = ["RemoteRun", "RemoteScreenshots", "connect"]
