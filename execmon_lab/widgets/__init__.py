"""The execution as a notebook shows it: live in the cell, long after the cell has returned."""

from .parts import DeviceGrid, DevicePreview, ExecutionProgress, LogTable, StepTable, Timeline
from .view import ExecutionView

__all__ = [
    "DeviceGrid",
    "DevicePreview",
    "ExecutionProgress",
    "ExecutionView",
    "LogTable",
    "StepTable",
    "Timeline",
]
