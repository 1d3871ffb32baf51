"""Our own code systems as CodeSystem resources, for validators and terminology servers.

Codes of LOINC and others are not ours to define. An answer's code has no display: the
same code stands for other words in another list, and words are the wording's.
"""

from collections.abc import Iterable
from typing import Final

from fhir_mapping.known_codes import item_code, score_code
from fhir_mapping.observation import PRORATED
from fhir_mapping.r4.codes import (
    BAND_SYSTEM,
    BASE,
    ITEM_SYSTEM,
    METHOD_SYSTEM,
    PANEL_SYSTEM,
    PUBLISHER,
    SCORE_SYSTEM,
)
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.models import checked
from questionnaires.instrument import ChoiceItem, Coding, Instrument

CODE_SYSTEM: Final = "CodeSystem"
_OURS: Final = f"{BASE}/{CODE_SYSTEM}/"


def code_systems(instruments: Iterable[Instrument]) -> list[Json]:
    """Every code of ours that these instruments use or are written with, by system.

    Raises:
        NotValidR4: what we built is not valid.
    """
    found: dict[str, dict[str, str | None]] = {METHOD_SYSTEM: {PRORATED: None}}

    def add(coding: Coding, display: str | None) -> None:
        if coding.system.startswith(_OURS):
            found.setdefault(coding.system, {}).setdefault(coding.code, display)

    for each in instruments:
        add(Coding(PANEL_SYSTEM, each.id), each.title)
        add(each.coding, each.title)
        for rule in each.scores:
            title = f"{each.title}: {rule.id}"
            add(Coding(SCORE_SYSTEM, score_code(each, rule)), title)
            add(rule.coding, title)
        for band in each.bands:
            title = f"{each.title}: {band.code}"
            add(Coding(BAND_SYSTEM, f"{each.id}.{band.code}"), title)
        for item in each.items:
            title = f"{each.title}: {item.link_id}"
            add(Coding(ITEM_SYSTEM, item_code(each, item.link_id)), title)
            for coding in item.codings:
                add(coding, title)
            if isinstance(item, ChoiceItem):
                for option in item.options:
                    add(option.coding, None)
    return [_code_system(url, found[url]) for url in sorted(found)]


def _code_system(url: str, codes: dict[str, str | None]) -> Json:
    identity = url.removeprefix(_OURS)
    concepts: list[Json] = [
        {"code": code, "display": display} if display else {"code": code}
        for code, display in sorted(codes.items())
    ]
    return checked(
        {
            "resourceType": CODE_SYSTEM,
            "id": identity,
            "url": url,
            "name": "RomOnFhir" + "".join(map(str.capitalize, identity.split("-"))),
            "title": f"{PUBLISHER}: {identity}",
            "status": "active",
            "experimental": False,
            "publisher": PUBLISHER,
            "caseSensitive": True,
            "content": "complete",
            "count": len(concepts),
            "concept": concepts,
        }
    )
