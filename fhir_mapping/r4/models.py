"""The last look at what we built: R4B's structure, then the rules R4B does not check.

R4 and R4B agree field for field on the types we write. What is sent is the JSON we
built, never the model's dump, which would turn 7.10 into 7.1.
"""

from functools import cache
from typing import TYPE_CHECKING

from fhir_mapping.errors import NotValidR4
from fhir_mapping.r4.invariants import broken_rules
from fhir_mapping.r4.json import Json

if TYPE_CHECKING:
    from pydantic import BaseModel


def checked(resource: Json) -> Json:
    """The same JSON, once R4B and our own rules accept it.

    Raises:
        NotValidR4: names the places, never a value.
    """
    kind = str(resource.get("resourceType", ""))
    # Ours first: they are cheap, and pydantic must not meet a binary float or a null.
    places = broken_rules(resource) or _structure(kind, resource)
    if places:
        raise NotValidR4(kind, tuple(dict.fromkeys(places)))
    return resource


def _structure(kind: str, resource: Json) -> tuple[str, ...]:
    # Slow to import (seconds on a cold disk), and only writers need it.
    from pydantic import ValidationError

    model = _model(kind)
    if model is None:
        return ("resourceType",)
    try:
        model.model_validate(resource)
    except ValidationError as error:
        # pydantic's own message quotes the patient's data: only the places leave here.
        found = error.errors(include_input=False, include_context=False)
        return tuple(".".join(map(str, each["loc"])) for each in found)
    except ValueError:
        # Raised bare by fhir.resources for two value[x] and for a missing primitive.
        return ("",)
    return ()


@cache
def _model(kind: str) -> "type[BaseModel] | None":
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.codesystem import CodeSystem
    from fhir.resources.R4B.library import Library
    from fhir.resources.R4B.observation import Observation
    from fhir.resources.R4B.questionnaire import Questionnaire
    from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
    from fhir.resources.R4B.task import Task

    models: dict[str, type[BaseModel]] = {
        "Bundle": Bundle,
        "CodeSystem": CodeSystem,
        "Library": Library,
        "Observation": Observation,
        "Questionnaire": Questionnaire,
        "QuestionnaireResponse": QuestionnaireResponse,
        "Task": Task,
    }
    return models.get(kind)
