"""Pictures of the screen, kept as files that the server gives out."""

from __future__ import annotations

import io

from PIL import Image

from ..history.artifacts import ArtifactStore

COMPRESS_LEVEL = 1
"""Of PNG files: a third of the default's time, for files that are a little larger."""


class Screenshots:
    """Keeps pictures in an artifact store.

    Parameters
    ----------
    artifacts
        Where.
    """

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts

    def keep(self, name: str, image: Image.Image) -> str:
        """Keep a picture as PNG and return its address.

        Parameters
        ----------
        name
            The file's name without its ending.
        image
            Any mode that PNG has.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=COMPRESS_LEVEL)
        return self._artifacts.save_screenshot(f"{name}.png", buffer.getvalue())
