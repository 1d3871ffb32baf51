"""A clinic's folder that completes `ors` with invented words, and a plan with it."""

import re
from hashlib import sha256
from pathlib import Path

from clinical.plan import DEMO_PLAN

LAST_DAY = "2026-05-01"
# Invented: the licensed text is in no file of this project.
WORDING = """instrument = "ors"
version = "1.0.0"
language = "en"
title = "Invented lines"
introduction = "An example that nobody published."
source = "invented"
translator = "original"
validation = "invented"
numbers_apply = true
notice = "invented"
[items]
o1 = "Invented first"
o2 = "Invented second"
o3 = "Invented third"
o4 = "Invented fourth"
[anchors]
o1 = ["none", "all"]
o2 = ["none", "all"]
o3 = ["none", "all"]
o4 = ["none", "all"]
"""


def write_site_folder(folder: Path, *, last_day: str = LAST_DAY) -> Path:
    """The folder as the clinic would write it. Returns it."""
    home = folder / "ors"
    home.mkdir(parents=True)
    (home / "wording.en.toml").write_text(WORDING)
    (home / "instrument.toml").write_text(
        f"""completes = "ors"
version = "1.0.0"
[licence]
holder = "the licensor"
reference = "L-42"
valid_until = {last_day}
[wording_sha256]
en = "{sha256(WORDING.encode()).hexdigest()}"
"""
    )
    return folder


def plan_with_ors() -> str:
    """The demonstration's plan, and `ors` asked after the others."""
    return re.sub(
        r"^outcome *= .*$",
        'outcome = ["phq-9", "gad-7", "ors"]',
        DEMO_PLAN.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
