"""The command `execmon-lab`, and ``python -m execmon_lab``."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; an interrupt ends it quietly, also while its libraries still load."""
    try:
        from .cli import app

        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
