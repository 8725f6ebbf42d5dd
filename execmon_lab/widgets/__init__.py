"""The execution as a notebook shows it: live in the cell, long after the cell has returned."""

from .view import ExecutionView

__all__ = ["ExecutionView"]
