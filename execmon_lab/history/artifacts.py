"""Files that belong to executions, and the addresses at which the server gives them out."""

import re
from pathlib import Path

SCREENSHOTS = "/api/v1/artifacts/screenshots/"
"""Where the server gives screenshots out (specification, "Step Completion": `screenshot_url`)."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class ArtifactStore:
    """A folder of artifacts; no name reaches anything outside of it.

    Parameters
    ----------
    root
        The folder; it is made when the first artifact is saved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def save_screenshot(self, name: str, png: bytes) -> str:
        """Keep a PNG picture.

        Parameters
        ----------
        name
            A file name, for example ``"550e8400-….png"``: letters, digits, dot, underscore, hyphen.
        png
            The file's bytes.

        Returns
        -------
        str
            Its address, for `screenshot_url`.

        Raises
        ------
        ValueError
            When the name is not a plain file name.
        OSError
            When the folder cannot be written.
        """
        path = self._path("screenshots", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
        return SCREENSHOTS + name

    def screenshot(self, name: str) -> Path:
        """Return the path of a screenshot that was kept.

        Parameters
        ----------
        name
            The last part of its address, or the whole address.

        Raises
        ------
        FileNotFoundError
            When there is none of that name.
        """
        try:
            path = self._path("screenshots", name.removeprefix(SCREENSHOTS))
        except ValueError as error:
            raise FileNotFoundError(str(error)) from error
        if not path.is_file() or path.is_symlink():
            raise FileNotFoundError(f"no screenshot {name!r}")
        return path

    def recording(self, execution_id: str) -> Path:
        """Return the folder of an execution's pictures, which need not exist.

        Raises
        ------
        ValueError
            When the id is not a plain file name.
        """
        return self._path("recordings", execution_id)

    def _path(self, folder: str, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a plain file name")
        return self.root / folder / name
