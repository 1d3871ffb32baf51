"""What we ask the chart: one list, for our own searches and for prefetch templates.

A client may honour the templates in part, and a server may ignore `_sort`, so every
reader sorts and filters again; a full page counts as "maybe cut".
"""

from dataclasses import dataclass

from fhir_mapping.dialect import Dialect

PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 -- a template token, no secret
OBSERVATION_PAGE = 100
RESPONSE_PAGE = 50


@dataclass(frozen=True, slots=True)
class ChartQuery:
    """One search of one patient's chart, newest first.

    Attributes:
        key: its name among the prefetch templates.
        resource_type: what is searched.
        parameters: in order, without the patient.
        page: entries asked for; that many received means there may be more.
    """

    key: str
    resource_type: str
    parameters: tuple[tuple[str, str], ...]
    page: int

    def search_parameters(self, patient: str) -> dict[str, str]:
        """The parameters with this patient's id, in order."""
        return {"patient": patient, **dict(self.parameters)}

    def maybe_cut(self, entries: int) -> bool:
        """Whether a page with this many entries may hide older ones."""
        return entries >= self.page


def chart_queries(dialect: Dialect) -> tuple[ChartQuery, ...]:
    """The searches that together read what we understand of a chart.

    Observations are asked category by category: some EHRs refuse a search without one,
    and a comma between two is not honoured everywhere.
    """
    scores = tuple(
        ChartQuery(
            key="scores" if place == 0 else f"scores_{category.replace('-', '_')}",
            resource_type="Observation",
            parameters=(
                ("category", category),
                ("_sort", "-date"),
                ("_count", str(OBSERVATION_PAGE)),
            ),
            page=OBSERVATION_PAGE,
        )
        for place, category in enumerate(dialect.categories_read)
    )
    responses = ChartQuery(
        key="responses",
        resource_type="QuestionnaireResponse",
        parameters=(("_sort", "-authored"), ("_count", str(RESPONSE_PAGE))),
        page=RESPONSE_PAGE,
    )
    return (*scores, responses)


def prefetch_templates(dialect: Dialect) -> dict[str, str]:
    """The same searches as CDS Hooks prefetch templates, and the patient.

    Only tokens and parameters of the recommended subset (CDS Hooks 2.0, "Prefetch
    query restrictions"), so that every client can honour them.
    """
    templates = {"patient": f"Patient/{PATIENT_TOKEN}"}
    for query in chart_queries(dialect):
        given = query.search_parameters(PATIENT_TOKEN)
        text = "&".join(f"{name}={value}" for name, value in given.items())
        templates[query.key] = f"{query.resource_type}?{text}"
    return templates
