"""The artifact store: keeps pictures, and reaches nothing outside of its folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.history.artifacts import SCREENSHOTS, ArtifactStore

PNG = b"\x89PNG\r\n\x1a\n..."


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    (tmp_path / "secret.png").write_bytes(b"secret")
    return ArtifactStore(tmp_path / "artifacts")


def test_a_kept_screenshot_is_found_by_its_address(store: ArtifactStore) -> None:
    url = store.save_screenshot("step_001.png", PNG)
    assert url == "/api/v1/artifacts/screenshots/step_001.png"
    assert store.screenshot(url).read_bytes() == PNG
    assert store.screenshot("step_001.png").read_bytes() == PNG


def test_what_was_never_kept_is_not_found(store: ArtifactStore) -> None:
    with pytest.raises(FileNotFoundError, match="no screenshot"):
        store.screenshot("step_002.png")


@pytest.mark.parametrize(
    "name", ["../secret.png", "", ".", "..", "/etc/passwd", "a/b.png", ".hidden", "a\0.png", "a\n"]
)
def test_no_name_leads_outside(store: ArtifactStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a plain file name"):
        store.save_screenshot(name, PNG)
    with pytest.raises(FileNotFoundError):
        store.screenshot(name)


def test_a_link_is_not_followed(store: ArtifactStore) -> None:
    store.save_screenshot("a.png", PNG)
    (store.root / "screenshots" / "b.png").symlink_to(store.root.parent / "secret.png")
    with pytest.raises(FileNotFoundError):
        store.screenshot("b.png")


@given(st.text(max_size=40))
def test_any_name_is_a_kept_file_or_an_error(name: str) -> None:
    store = ArtifactStore(Path("nowhere"))
    with pytest.raises(FileNotFoundError):
        store.screenshot(SCREENSHOTS + name)
