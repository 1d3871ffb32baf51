"""What a replay goes by: plan, other plans to compare with, norms, library, dialect.

Small enough to hand to another process, which then reads the same files again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from clinical.across_episodes.replay import Rhythm, Way
from clinical.errors import NormPackError, PlanFileError
from clinical.norms.library import NormLibrary, norms_on_trial
from clinical.plan import MeasurementPlan, plan_from_toml
from clinical.plan_changed import changed_plan, each_threshold
from fhir_mapping.dialect import Dialect, load_dialect
from fhir_mapping.visits import VisitWish
from questionnaires.library import Library, load_library
from server.norm_files import pack_content, read_norms


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, by names of files.

    Attributes:
        norms: in place of the plan's own packs, signed or not.
        folders: of the site's own instruments.
        rhythm: when charts are taken to have been opened; None if a list says it, or
            encounters do.
        visits: the encounters at whose start charts are opened.
        changes: `KEY=VALUE`, each compared with the plan by itself.
        thresholds: also every number of the plan, once lower and once higher.
        until: nothing can be from later; None where nobody knows.
    """

    plan: Path
    norms: tuple[Path, ...] = ()
    dialect: str = "plain-r4"
    folders: tuple[Path, ...] = ()
    rhythm: Rhythm | None = "sessions"
    visits: VisitWish | None = None
    way: Way = "speaking"
    changes: tuple[str, ...] = ()
    thresholds: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The same, read.

    Attributes:
        others: other plans by what is changed in them.
        not_tried: values that the plan may not have.
    """

    plan: MeasurementPlan
    plan_hash: str
    others: Mapping[str, MeasurementPlan]
    not_tried: tuple[str, ...]
    norms: NormLibrary
    library: Library
    dialect: Dialect


def read_rules(wish: Wish) -> Rules:
    """Everything, read and checked as the server does at its start.

    Raises:
        InstrumentFileError, PlanFileError, NormPackError, DialectFileError: each names
            its file and says what to do.
        OSError: a file cannot be read.
    """
    library = load_library(wish.folders)
    try:
        text = wish.plan.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PlanFileError(wish.plan.name, "file", "is not UTF-8") from None
    plan = plan_from_toml(text, library, file=wish.plan.name)
    others = {
        each: changed_plan(text, each, library, file=wish.plan.name)
        for each in wish.changes
    }
    not_tried = []
    for each in each_threshold(plan) if wish.thresholds else ():
        try:
            others[each] = changed_plan(text, each, library, file=wish.plan.name)
        except PlanFileError:
            not_tried.append(each)
    return Rules(
        plan,
        sha256(text.encode()).hexdigest(),
        others,
        not_tried=tuple(not_tried),
        norms=_norms(wish, plan),
        library=library,
        dialect=load_dialect(wish.dialect),
    )


def _norms(wish: Wish, plan: MeasurementPlan) -> NormLibrary:
    if not wish.norms:
        return read_norms(plan, wish.plan.parent)
    contents = {each.name: pack_content(each) for each in wish.norms}
    if len(contents) < len(wish.norms):
        raise NormPackError(
            wish.norms[0].name, "there are two packs of one name; rename a file"
        )
    return norms_on_trial(plan, contents)
