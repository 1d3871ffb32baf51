"""From what was sent along, and the chart where that is not enough, to one pile.

Key absent, or an OperationOutcome: not satisfied, the chart is asked. `null`: no data,
asked all the same where access was given. Empty Bundle: an answer. A `next` link or a
full page: the chart is asked, or the data are called partial.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cds_hooks.errors import NotEnoughData
from cds_hooks.hook_request import HookRequest
from ehr.queries import ChartQuery
from ehr.server import SearchResult
from fhir_mapping.r4.reading import BundleReading, Resource
from fhir_mapping.unread import Unread

Search = Callable[[ChartQuery], SearchResult]


@dataclass(frozen=True, slots=True)
class Pile:
    """Resources of one chart, unsorted, and what is known to be missing."""

    resources: tuple[Resource, ...]
    unread: tuple[Unread, ...]
    partial: bool


def pile(
    request: HookRequest, queries: Sequence[ChartQuery], *, search: Search | None
) -> Pile:
    """What the rules will read.

    Args:
        request: with its prefetch.
        queries: the searches of the discovery document.
        search: asks the chart itself; None where no access was given.

    Raises:
        NotEnoughData: a key was not sent and the chart cannot be asked.
        EhrUnreachable, EhrRefused, AccessExpired: the chart was asked in vain.
    """
    resources: list[Resource] = []
    unread: list[Unread] = []
    partial = False
    for query in queries:
        sent = request.prefetch.get(query.key)
        if sent is not None and not _is_cut(sent, query):
            resources.extend(sent.resources)
            unread.extend(sent.unread)
        elif search is not None:
            found = search(query)
            resources.extend(found.resources)
            unread.extend(found.unread)
            partial |= found.partial
        elif sent is not None:
            resources.extend(sent.resources)
            unread.extend(sent.unread)
            partial = True
        elif query.key not in request.prefetch:
            raise NotEnoughData(query.key)
    if partial:
        unread.append(Unread("Bundle", "", "link", "partial_page"))
    return Pile(tuple(resources), tuple(unread), partial)


def _is_cut(sent: BundleReading, query: ChartQuery) -> bool:
    if sent.next_url is not None:
        return True
    return query.maybe_cut(len(sent.resources) + len(sent.unread))
