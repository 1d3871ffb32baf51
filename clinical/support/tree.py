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
# `RuleId` is a union of literals; each rule by its name.
RULES: frozenset[RuleId] = frozenset(
    rule for part in get_args(RuleId) for rule in get_args(part) or (part,)
)


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
class Repair:
    """The conversation after a drop of the alliance, step by step.

    Attributes:
        for_rules: rules whose signal asks for it.
    """

    for_rules: frozenset[str]
    steps: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class CycleRules:
    """The numbers of the problem-solving cycle, in sessions and counts."""

    most_domains: int
    most_changes: int
    check_after_least: int
    check_after_most: int
    cycles_before_other_help: int
    source: Source


@dataclass(frozen=True, slots=True)
class RecordCodes:
    """What a plan review may say, beside domains and branches.

    Attributes:
        roles: who looked, who agreed; never a person.
        client_views: how the client sees it.
        reasons: why people go on unchanged.
    """

    roles: tuple[str, ...]
    client_views: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SupportTree:
    """Everything that can be looked at, in the order in which people do."""

    domains: tuple[Domain, ...]
    repair: Repair
    cycle: CycleRules
    record: RecordCodes
    source: Source

    def domain(self, domain_id: str) -> Domain | None:
        """The domain of this id; None if there is none."""
        return next((each for each in self.domains if each.id == domain_id), None)

    def first_to_open(self, rules: Collection[str]) -> tuple[Domain, ...]:
        """The domains that the signals of these rules point to, in the tree's order."""
        return tuple(each for each in self.domains if each.points_here & set(rules))

    def asks_for_repair(self, rules: Collection[str]) -> bool:
        """Whether the signals of these rules ask for the repair conversation."""
        return bool(self.repair.for_rules & set(rules))


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
    _refuse_twice(table, "domains", [each.id for each in domains])
    _refuse_twice(
        table, "domains", [branch for each in domains for branch in each.branches]
    )
    return SupportTree(
        domains=domains,
        repair=_repair(table.table("repair")),
        cycle=_cycle(table.table("cycle")),
        record=_record(table.table("record")),
        source=table.source(),
    )


def _domain(table: Table) -> Domain:
    domain = Domain(
        id=table.text("id"),
        points_here=_rules(table, "points_here"),
        branches=table.texts("branches"),
    )
    table.finish()
    return domain


def _repair(table: Table) -> Repair:
    repair = Repair(
        for_rules=_rules(table, "for_rules"),
        steps=table.texts("steps"),
        source=table.source(),
    )
    _refuse_twice(table, "steps", repair.steps)
    table.finish()
    return repair


def _cycle(table: Table) -> CycleRules:
    rules = CycleRules(
        most_domains=_count(table, "most_domains"),
        most_changes=_count(table, "most_changes"),
        check_after_least=_count(table, "check_after_least"),
        check_after_most=_count(table, "check_after_most"),
        cycles_before_other_help=_count(table, "cycles_before_other_help"),
        source=table.source(),
    )
    if rules.check_after_least > rules.check_after_most:
        raise table.refuse("check_after_most", "must not be less than the least")
    table.finish()
    return rules


def _record(table: Table) -> RecordCodes:
    codes = RecordCodes(
        roles=table.texts("roles"),
        client_views=table.texts("client_views"),
        reasons=table.texts("reasons"),
    )
    for key in ("roles", "client_views", "reasons"):
        _refuse_twice(table, key, getattr(codes, key))
    table.finish()
    return codes


def _rules(table: Table, key: str) -> frozenset[str]:
    found = frozenset(table.texts(key))
    unknown = found - RULES
    if unknown:
        raise table.refuse(key, f"names no rule: {', '.join(sorted(unknown))}")
    return found


def _count(table: Table, key: str) -> int:
    found = table.whole(key)
    if found < 1:
        raise table.refuse(key, "must be at least 1")
    return found


def _refuse_twice(table: Table, key: str, ids: Collection[str]) -> None:
    if len(set(ids)) < len(ids):
        raise table.refuse(key, "has an id twice")
