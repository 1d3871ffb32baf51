"""What each table of these files gives, for tests of what must hold for all of them."""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from clinical.norms.pack import hashed
from clinical.signals.band import NormKey
from tests.instruments import PHQ9
from tests.norm_packs import pack
from tests.spec.tables import Given, given_by

PACK = hashed(pack())
SPEC = Path(__file__).parent


def _given() -> Iterator[tuple[str, Given]]:
    """What each table of `tests/spec` gives, by the name of its test."""
    for file in sorted(SPEC.glob("test_*.py")):
        module = importlib.import_module(f"tests.spec.{file.stem}")
        for name, test in vars(module).items():
            if not name.startswith("test_"):
                continue
            if list(inspect.signature(test).parameters) != ["signal_spec"]:
                continue
            calls: list[Given] = []

            def keep(table: str, *, calls: list[Given] = calls, **more: object) -> None:
                known = ("today", "unread", "beside")
                found = given_by(table, **{n: more[n] for n in known if n in more})  # type: ignore[arg-type]
                calls.append(found)

            test(signal_spec=keep)
            for found in calls:
                yield f"{file.stem}::{name}", found


def _with_pack(given: Given) -> Given:
    """The invented norm of the tables as a pack, where the table has it."""
    key = NormKey("phq-9", PHQ9.version, "en", "self")
    return replace(given, norms={key: PACK.curve} if key in given.norms else {})


CASES = [(name, _with_pack(given)) for name, given in _given()]
