"""Who gave the answers that a resource holds: the patient, or a carer."""

from clinical.measurement import Respondent
from fhir_mapping.r4.reading import Resource


def respondent_of(resource: Resource) -> Respondent:
    """A RelatedPerson is a carer, whose answers are a line of their own.

    Whoever else is named, staff who took the answers down among them, has written what
    the patient said; and nobody named is the patient.

    Source:
        R4 QuestionnaireResponse.source: the person who answered the questions.
    """
    carers = resource.carers
    named = carers if isinstance(carers, tuple) else (carers,)
    if any(each and each.reference for each in (*named, resource.source)):
        return "carer"
    return "self"
