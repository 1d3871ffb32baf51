"""`python -m tests.preflight`: what is here, and what will therefore be skipped."""

import shutil

from tests.shared_material import SHARED


def main() -> None:
    """Two lines at most; never fails."""
    if shutil.which("chromium") is None:
        print(
            "tests: no chromium, browser tests will be skipped visibly"
            " (scripts/install-system-packages.sh installs it)"
        )
    if not SHARED.is_dir():
        print(
            "tests: no ../shared beside the checkout, tests against official artefacts"
            " and corpora will be skipped visibly"
        )


if __name__ == "__main__":
    main()
