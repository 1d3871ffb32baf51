"""Where the official artefacts and bad-input corpora lie, if they are here.

They stand beside the checkout, in `../shared`, and are never copied into it.
"""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """The file or folder at `path` below the shared folder, or a visible skip."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"shared material is absent: {path}")
    return found
