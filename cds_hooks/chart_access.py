"""Asking the chart itself, with the call's own token and inside the answer's time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from cds_hooks.hook_request import HookRequest
from ehr.queries import ChartQuery
from ehr.server import FhirServer, SearchResult
from ehr.tenants import Tenant
from ehr.wire.connection import exchange
from ehr.wire.egress import GuardedSession

Search = Callable[[ChartQuery], SearchResult]


@contextmanager
def chart_search(
    request: HookRequest, tenant: Tenant, *, seconds: float
) -> Iterator[Search | None]:
    """Searches of this patient's chart; None where the call brought no access.

    Args:
        request: its token is used for these searches and kept nowhere.
        tenant: whose FHIR server; that the request names it was checked before.
        seconds: for all searches and all their pages together. When they are over, a
            search that has begun is partial and the next one fails.
    """
    access = request.authorization
    if access is None:
        yield None
        return
    fence = replace(tenant.fhir_fence, total_seconds=seconds)
    with GuardedSession(fence=fence) as session, exchange(fence):
        server = FhirServer(tenant, session, lambda: access.access_token)
        yield lambda query: server.search(
            query.resource_type, query.search_parameters(request.context.patient_id)
        )
