"""The in-process shell of the virtual phone."""
