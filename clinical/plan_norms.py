"""The plan's norms: which packs, in which setting, and whose signature counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath

from questionnaires.table import Table

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class NamedPack:
    """A file beside the plan, and the hash of the pack that it must hold."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PlanNorms:
    """What the site says about norms.

    Attributes:
        setting: the site's own, such as "outpatient"; a pack of another one is refused.
        signers: name -> public key (base64) of who may put a pack into use.
        false_alarms: with it S2 and S3 interrupt only where the course is among those
            that a site with so many false alarms wants to be told of; the share of
            people who do not end reliably worse and are pointed out all the same.
    """

    setting: str
    signers: Mapping[str, str]
    packs: tuple[NamedPack, ...]
    false_alarms: Decimal | None = None


NO_PLAN_NORMS = PlanNorms("", {}, ())


def plan_norms_from(plan: Table) -> PlanNorms:
    """The table `[norms]`; a plan without it has no norms.

    Raises:
        InstrumentFileError: names the key.
    """
    if not plan.has("norms"):
        return NO_PLAN_NORMS
    table = plan.table("norms")
    signers = table.table("signers")
    packs: list[NamedPack] = []
    for entry in table.tables("packs"):
        pack = NamedPack(entry.text("file"), entry.text("sha256"))
        if not _SHA256.fullmatch(pack.sha256):
            raise entry.refuse("sha256", "must be 64 digits, as rom norms sign says")
        if PurePath(pack.file).name != pack.file or "\\" in pack.file:
            raise entry.refuse("file", "must be a file beside the plan, without path")
        if pack.file in {each.file for each in packs}:
            raise entry.refuse("file", "is named twice")
        packs.append(pack)
        entry.finish()
    found = PlanNorms(
        setting=table.text("setting"),
        signers={name: signers.text(name) for name in signers.content},
        packs=tuple(packs),
        false_alarms=(
            table.number("false_alarms") if table.has("false_alarms") else None
        ),
    )
    if found.false_alarms is not None and not 0 < found.false_alarms < 1:
        raise table.refuse("false_alarms", "must be a share between 0 and 1")
    table.finish()
    return found
