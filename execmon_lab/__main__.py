"""``python -m execmon_lab``: the command line."""

from .cli import main

main()
