"""The optional part that PDF and HTML need."""


class MissingExtra(ImportError):
    """A report of this format needs an optional part that is not installed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs the extra: pip install 'execmon-lab[reports]'")
