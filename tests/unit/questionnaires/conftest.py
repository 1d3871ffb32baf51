"""A site's folder with one small instrument that works; each test breaks one thing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from questionnaires.errors import InstrumentFileError
from questionnaires.library import Library, load_library

INSTRUMENT = """\
id = "mood"
version = "1.0.0"
canonical = "https://site.example/Questionnaire/mood"
aliases = ["https://other.example/Questionnaire/mood"]
title = "Mood"
measures = "Mood today."
effective = 2026-01-01
derived_from = []
construct = "outcome"
direction = "higher_is_worse"
recall = "today"
coding = { system = "https://site.example/panel", code = "mood" }
validated = true
skeleton = false

[ages]
min = 18
max = 99
source = "adults"
evidence = "own"

[licence]
class = "own"
holder = "the site"
terms = "free"
url = "https://site.example/"

[choices.often]
system = "https://site.example/often"
source = "the site's manual"
evidence = "own"
options = [
  { points = 0, code = "never" },
  { points = 1, code = "sometimes" },
  { points = 2, code = "often" },
]

[[items]]
link_id = "sad"
codings = [{ system = "http://loinc.org", code = "44255-8" }]
choices = "often"
reverse = false
safety = { at_least = 2, urgency = "review", source = "manual", evidence = "own" }

[[items]]
link_id = "glad"
codings = [{ system = "https://site.example/item", code = "glad" }]
choices = "often"
reverse = true

[[items]]
link_id = "line"
codings = [{ system = "https://site.example/item", code = "line" }]
reverse = false
slider = { low = 0, high = 20, points_per_step = 0.1, source = "x", evidence = "own" }

[[items]]
link_id = "words"
codings = [{ system = "https://site.example/item", code = "words" }]
open = true

[[scores]]
id = "total"
items = ["sad", "glad", "line"]
op = "sum"
factor = 1
range = [0, 6]
rounding = "none"
coding = { system = "https://site.example/score", code = "mood.total" }
missing = { rule = "prorate_mean", max_missing = 1, source = "x", evidence = "own" }
source = "the site's manual"
evidence = "own"

[[scores]]
id = "mean"
items = ["sad", "glad"]
op = "mean"
factor = 10
range = [0, 20]
rounding = "half_up"
coding = { system = "https://site.example/score", code = "mood.mean" }
missing = { rule = "prorate_mean", max_missing = 1, source = "x", evidence = "own" }
source = "the site's manual"
evidence = "own"

[bands]
source = "the site's manual"
evidence = "own"
steps = [
  { code = "low", low = 0, high = 2.5 },
  { code = "high", low = 2.5, high = 6 },
]

[cutoff]
value = 3
operator = ">="
population = "adults"
source = "the site's manual"
evidence = "own"

[rci]
value = 2
operator = ">="
method = "published"
source = "the site's manual"
evidence = "own"

[[reliability]]
kind = "alpha"
value = 0.9
source = "the site's manual"
evidence = "own"

[sd]
value = 1.5
sample = "adults"
source = "the site's manual"
evidence = "own"
"""

WORDING = """\
instrument = "mood"
version = "1.0.0"
language = "en"
title = "Mood"
introduction = "Today"
source = "the site"
translator = "original"
validation = "invented"
numbers_apply = true
notice = "free"

[items]
sad = "Sad?"
glad = "Glad?"
line = "Where on the line?"
words = "Anything else?"

[choices.often]
0 = "Never"
1 = "Sometimes"
2 = "Often"

[anchors]
line = ["left", "right"]
"""


class Site:
    """A site's folder on disk; `instrument` and `wording` say what will be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.slug = "mood"
        self.instrument = INSTRUMENT
        self.wordings = {"wording.en.toml": WORDING}

    def change(self, old: str, new: str) -> None:
        """Changes one thing in the instrument's file."""
        assert self.instrument.count(old) == 1, f"not there exactly once: {old!r}"
        self.instrument = self.instrument.replace(old, new)

    def change_wording(self, old: str, new: str) -> None:
        """Changes one thing in the English wording."""
        text = self.wordings["wording.en.toml"]
        assert text.count(old) == 1, f"not there exactly once: {old!r}"
        self.wordings["wording.en.toml"] = text.replace(old, new)

    def write(self) -> Path:
        """The folder as it stands, on disk."""
        below = self.folder / self.slug
        below.mkdir(parents=True)
        (below / "instrument.toml").write_text(self.instrument, encoding="utf-8")
        for name, text in self.wordings.items():
            (below / name).write_text(text, encoding="utf-8")
        return self.folder

    def library(self) -> Library:
        return load_library([self.write()])

    def refusal(self) -> InstrumentFileError:
        """The error with which this folder is refused."""
        with pytest.raises(InstrumentFileError) as refused:
            self.library()
        return refused.value


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "clinic")


@pytest.fixture
def another_site(tmp_path: Path) -> Callable[[str], Site]:
    """Further folders of the same clinic, by name."""
    return lambda name: Site(tmp_path / name)
