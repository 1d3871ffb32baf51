"""Reads an export for the team report: one session a finished Encounter, no person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from clinical.across_episodes.assembly import team_sessions_from
from clinical.across_episodes.fidelity import TeamSession
from clinical.across_episodes.numbers import Numbers
from clinical.across_episodes.sessions import BegunVisit, SessionEvent
from ehr.bulk.charts import ChartReader, Charts, charts_in
from fhir_mapping.dialect import Dialect
from fhir_mapping.episode import chart_reading
from fhir_mapping.visits import VisitWish, begun_visits
from questionnaires.instrument import Construct, Instrument
from questionnaires.library import Library
from server.export_words import Unread
from server.norms.command_files import progress

NO_TEAM = "no team stated"
LONGEST_NAME = 200
Shown = dict[str, tuple[datetime, str]]  # id of a team -> when its name was shown


@dataclass(frozen=True, slots=True)
class TeamRules:
    """What counts, and how charts are read.

    Attributes:
        instruments: those of which an answer counts.
        visits: which encounters are sessions.
        noted: what people noted about a patient's sessions; None where nobody tells.
    """

    library: Library
    dialect: Dialect
    instruments: Sequence[Instrument]
    visits: VisitWish
    noted: Callable[[str], Sequence[SessionEvent]] | None = None

    def of(self, construct: Construct) -> frozenset[str]:
        """Ids of the instruments that measure it."""
        return frozenset(
            each.id for each in self.instruments if each.construct == construct
        )


@dataclass(frozen=True, slots=True)
class TeamExport:
    """The sessions of an export, and what could not be used of it.

    Attributes:
        people: with a chart in it; unmet: of them without a session that counts.
    """

    sessions: Sequence[TeamSession]
    charts: Charts
    unread: Unread
    people: int
    unmet: int


def sessions_of_export(folder: Path, rules: TeamRules, numbers: Numbers) -> TeamExport:
    """Every session of every person; the teams by name.

    Raises:
        FolderUnusable: no such files, or no Encounter among them.
        OSError: a file cannot be read.
    """
    with progress("reading") as told:
        charts = charts_in(folder, visits=rules.visits, told=told)
    reader = ChartReader(charts.files)
    sessions: list[TeamSession] = []
    shown: Shown = {}
    unread, unmet, people = charts.nobodys.copy(), 0, len(charts.places)
    with progress("counting") as told:
        for done, (patient, places) in enumerate(charts.places.items(), start=1):
            resources, lost = reader.chart(patient, places)
            chart = chart_reading(
                resources,
                patient=patient,
                library=rules.library,
                dialect=rules.dialect,
                unread=lost,
            )
            unread.update(
                (each.resource_type, each.place, each.reason) for each in chart.unread
            )
            visits = begun_visits(resources, rules.visits)
            sessions += team_sessions_from(
                visits,
                chart.episode.measurements,
                rules.noted(patient) if rules.noted else (),
                outcomes=rules.of("outcome"),
                alliances=rules.of("alliance"),
                numbers=numbers,
            )
            _note_names(visits, shown)
            unmet += not visits
            told(done, people)
    named = [replace(each, team=_name(each.team, shown)) for each in sessions]
    return TeamExport(named, charts, unread, people, unmet)


def _note_names(visits: Sequence[BegunVisit], shown: Shown) -> None:
    for each in visits:
        if each.team_name:
            name = each.start, each.team_name
            shown[each.team] = max(shown.get(each.team, name), name)


def _name(team: str, shown: Shown) -> str:
    """As last shown; nothing of it can write over a terminal."""
    if not team:
        return NO_TEAM
    name = shown[team][1] if team in shown else team
    return "".join(each if each.isprintable() else " " for each in name)[:LONGEST_NAME]
