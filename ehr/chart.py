"""One patient's chart as we understand it: what the EHR holds, and what waits here."""

from collections.abc import Sequence
from dataclasses import dataclass

from ehr.delivery.seal import sealed_submission
from ehr.queries import chart_queries
from ehr.server import FhirServer
from fhir_mapping.dialect import Dialect
from fhir_mapping.episode import ChartReading, chart_reading
from fhir_mapping.r4.reading import Resource
from fhir_mapping.submission import Submission
from fhir_mapping.unread import Unread
from questionnaires.errors import AnswerNotOffered, UnknownInstrument
from questionnaires.library import Library
from vault.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Waiting:
    """A patient's submissions that the EHR has not been seen to hold.

    Attributes:
        submissions: oldest first.
        unread: sealed under a version of an instrument that is no longer here.
    """

    submissions: tuple[Submission, ...]
    unread: tuple[Unread, ...]


class Chart:
    """The only place where chart and outbox are laid over each other."""

    def __init__(
        self, server: FhirServer, outbox: Outbox, *, library: Library, dialect: Dialect
    ) -> None:
        self._server = server
        self._outbox = outbox
        self._library = library
        self._dialect = dialect

    def reading(self, patient: str) -> ChartReading:
        """What is known of this patient now; asks the EHR.

        A page that could not be had, or read, stands in `unread` as `partial_page`:
        then nothing may be concluded from what is absent.

        Raises:
            EhrUnreachable, EhrRefused, AccessExpired: the EHR gives nothing; what
                waits here is still to be had from `waiting`.
        """
        # The outbox first: what is verified between the two looks is then seen twice,
        # and joined by its identifier, instead of not at all.
        waiting = self.waiting(patient)
        resources: list[Resource] = []
        unread: list[Unread] = []
        for query in chart_queries(self._dialect):
            found = self._server.search(
                query.resource_type, query.search_parameters(patient)
            )
            resources.extend(found.resources)
            unread.extend(found.unread)
            if found.partial:
                unread.append(Unread(query.resource_type, "", "", "partial_page"))
        return self.reading_of(patient, resources, unread=unread, waiting=waiting)

    def reading_of(
        self,
        patient: str,
        resources: Sequence[Resource],
        *,
        unread: Sequence[Unread],
        waiting: Waiting,
    ) -> ChartReading:
        """The same for resources that came another way (prefetch)."""
        return chart_reading(
            resources,
            patient=patient,
            library=self._library,
            dialect=self._dialect,
            waiting=waiting.submissions,
            unread=(*unread, *waiting.unread),
            base=self._server.base,
        )

    def waiting(self, patient: str) -> Waiting:
        """What was sealed here for this patient and is not verified in the record."""
        return waiting_in(self._outbox, patient, self._library)


def waiting_in(outbox: Outbox, patient: str, library: Library) -> Waiting:
    """The same without any EHR, for callers that have no access to it."""
    submissions: list[Submission] = []
    unread: list[Unread] = []
    for row in outbox.waiting(patient):
        try:
            found = sealed_submission(row.payload, library).submission
        except (AnswerNotOffered, UnknownInstrument, ValueError):
            unread.append(
                Unread(
                    "QuestionnaireResponse",
                    f"outbox/{row.submission_id}",
                    "",
                    "unknown_code",
                )
            )
        else:
            submissions.append(found)
    return Waiting(tuple(submissions), tuple(unread))
