"""The support tree: domains in their order, repair steps, the problem-solving cycle.

Ids and numbers only, from `tree.toml`; the faces have the sentences.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from clinical.errors import PlanFileError
from clinical.signals.kinds import RuleId
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import Source
from questionnaires.table import Table, table_from_toml

TREE = Path(__file__).parent / "tree.toml"


@dataclass(frozen=True, slots=True)
class Domain:
    """One thing to look at together, and what may follow from it.

    Attributes:
        points_here: rules whose signal makes this worth opening first.
        branches: ids of what people may agree on.
    """

    id: str
    points_here: frozenset[str]
    branches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CycleRules:
    """The numbers of the problem-solving cycle, in sessions and counts."""

    most_domains: int
    check_after_least: int
    check_after_most: int
    cycles_before_other_help: int
    source: Source


@dataclass(frozen=True, slots=True)
class SupportTree:
    """Everything that can be looked at, in the order in which people do."""

    domains: tuple[Domain, ...]
    repair: tuple[str, ...]
    cycle: CycleRules
    source: Source
    repair_source: Source

    def domain(self, domain_id: str) -> Domain | None:
        """The domain of this id; None if there is none."""
        return next((each for each in self.domains if each.id == domain_id), None)

    def first_to_open(self, rules: Collection[RuleId]) -> tuple[Domain, ...]:
        """The domains that the signals of these rules point to, in the tree's order."""
        return tuple(each for each in self.domains if each.points_here & set(rules))


@cache
def support_tree() -> SupportTree:
    """The tree that is shipped; read once."""
    return support_tree_from_toml(TREE.read_bytes(), file=TREE.name)


def support_tree_from_toml(content: bytes, *, file: str) -> SupportTree:
    """The tree, once each of its numbers has a source and each rule exists.

    Raises:
        PlanFileError: names file and key, and says what to do.
    """
    try:
        table = table_from_toml(content, file=file)
        tree = _tree(table)
        table.finish()
    except InstrumentFileError as error:  # the reader of tables is shared
        raise PlanFileError(error.file, error.key, error.problem) from None
    return tree


def _tree(table: Table) -> SupportTree:
    domains = tuple(_domain(each) for each in table.tables("domains"))
    if len({each.id for each in domains}) < len(domains):
        raise table.refuse("domains", "has an id twice")
    repair = table.table("repair")
    found = SupportTree(
        domains=domains,
        repair=repair.texts("steps"),
        cycle=_cycle(table.table("cycle")),
        source=table.source(),
        repair_source=repair.source(),
    )
    repair.finish()
    return found


def _domain(table: Table) -> Domain:
    domain = Domain(
        id=table.text("id"),
        points_here=frozenset(table.texts("points_here")),
        branches=table.texts("branches"),
    )
    unknown = domain.points_here - set(get_args(RuleId))
    if unknown:
        names = ", ".join(sorted(unknown))
        raise table.refuse("points_here", f"names no rule: {names}")
    table.finish()
    return domain


def _cycle(table: Table) -> CycleRules:
    rules = CycleRules(
        most_domains=table.whole("most_domains"),
        check_after_least=table.whole("check_after_least"),
        check_after_most=table.whole("check_after_most"),
        cycles_before_other_help=table.whole("cycles_before_other_help"),
        source=table.source(),
    )
    if not 1 <= rules.check_after_least <= rules.check_after_most:
        raise table.refuse("check_after_most", "must not be less than the least")
    if rules.most_domains < 1 or rules.cycles_before_other_help < 1:
        raise table.refuse("most_domains", "and the cycles must be at least 1")
    table.finish()
    return rules
