"""What the EHRs' own error numbers mean for a write; the list is data."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ehr.delivery.retry import CodeClass
from ehr.outcomes import error_codes

FILE = Path(__file__).with_suffix(".toml")


def code_classes(outcome: Mapping[str, object] | None) -> frozenset[CodeClass]:
    """The classes of the error codes in an OperationOutcome; unknown ones say nothing.

    No vendor's name is asked: the numbers of the vendors listed do not collide.
    """
    known = _known()
    found = () if outcome is None else error_codes(outcome)
    return frozenset(known[each] for each in found if each in known)


@cache
def _known() -> Mapping[str, CodeClass]:
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        code: means for each in told["vendor"] for code, means in each["codes"].items()
    }
