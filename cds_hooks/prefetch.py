"""From what was sent along, and the chart where that is not enough, to one pile.

Key absent, or an OperationOutcome: not satisfied, the chart is asked. `null`: no data,
asked all the same where access was given. Empty Bundle: an answer. A `next` link, a
full page or a search that reports an error: the chart is asked, or the data are called
partial.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cds_hooks.chart_access import Search
from cds_hooks.errors import NotEnoughData
from cds_hooks.hook_request import HookRequest
from ehr.errors import AccessExpired, EhrRefused, EhrUnreachable, UnsafeAnswer
from ehr.queries import PERSON, ChartQuery
from ehr.server import SearchResult
from fhir_mapping.r4.dates import day_from_text
from fhir_mapping.r4.reading import BundleReading, Resource
from fhir_mapping.unread import Unread

CHART_ERRORS = (AccessExpired, EhrRefused, EhrUnreachable, UnsafeAnswer)
Gap = NotEnoughData | AccessExpired | EhrRefused | EhrUnreachable | UnsafeAnswer

_CUT = Unread("Bundle", "", "link", "partial_page")
_FAILED = frozenset({"fatal", "error"})


@dataclass(frozen=True, slots=True)
class Pile:
    """Resources of one chart, unsorted, and what is known to be missing.

    Attributes:
        unread: holds one `partial_page` where a part is missing.
        gap: why a whole query gave nothing; with it only a safety answer may be
            told, and nothing may be concluded from what is absent.
        tasks: of plan reviews; none where nobody could give them.
        born: as sent along; without that it is asked for only where there are norms.
        appointments: None where not all of them could be had.
    """

    resources: tuple[Resource, ...]
    unread: tuple[Unread, ...]
    gap: Gap | None
    tasks: tuple[Resource, ...] = ()
    born: date | None = None
    appointments: SearchResult | None = None

    @property
    def partial(self) -> bool:
        return _CUT in self.unread


def pile(
    request: HookRequest, queries: Sequence[ChartQuery], *, search: Search | None
) -> Pile:
    """What the rules will read.

    Args:
        request: with its prefetch.
        queries: the searches of the discovery document.
        search: asks the chart itself; None where no access was given.
    """
    resources: list[Resource] = []
    unread: list[Unread] = []
    partial = False
    gap: Gap | None = None
    for query in queries:
        sent = request.prefetch.get(query.key)
        is_whole = sent is not None and not _is_cut(sent, query)
        if search is not None and not is_whole:
            try:
                found = search(query)
            except CHART_ERRORS as error:
                gap = gap or error
            else:
                resources.extend(found.resources)
                unread.extend(found.unread)
                partial |= found.partial
                continue
        elif query.key not in request.prefetch:
            gap = gap or NotEnoughData(query.key)
        if sent is not None:
            resources.extend(sent.resources)
            unread.extend(sent.unread)
            partial |= not is_whole
    if partial or gap is not None:
        unread.append(_CUT)
    return Pile(tuple(resources), tuple(unread), gap)


def beside(
    request: HookRequest, query: ChartQuery, *, search: Search | None
) -> tuple[Resource, ...]:
    """What may be known beside the chart's measurements, and is never waited for.

    Where it cannot be had nothing is missing: the rules then know of no plan review,
    and suggest one at worst once too often.
    """
    sent = request.prefetch.get(query.key)
    if sent is not None and not any(each.severity in _FAILED for each in sent.issues):
        return sent.resources
    if search is None:
        return ()
    try:
        return search(query).resources
    except CHART_ERRORS:
        return ()


def whole_beside(
    request: HookRequest, query: ChartQuery, *, search: Search | None
) -> SearchResult | None:
    """The same where a part is not enough; None if it cannot be had whole."""
    sent = request.prefetch.get(query.key)
    if sent is not None and not _is_cut(sent, query):
        return SearchResult(sent.resources, sent.unread, partial=False)
    if search is None:
        return None
    try:
        found = search(query)
    except CHART_ERRORS:
        return None
    return None if found.partial else found


def birth_date(request: HookRequest, *, search: Search | None) -> date | None:
    """The patient's, to the day; None where nobody says it, and then there is no norm.

    That costs no safety answer and no other rule, so nothing waits for it either.
    """
    for each in beside(request, PERSON, search=search):
        if (each.resource_type, each.id) == ("Patient", request.context.patient_id):
            return day_from_text(each.birth_date)
    return None


def _is_cut(sent: BundleReading, query: ChartQuery) -> bool:
    return (
        sent.next_url is not None
        or query.maybe_cut(len(sent.resources) + len(sent.unread))
        or any(issue.severity in _FAILED for issue in sent.issues)
    )
