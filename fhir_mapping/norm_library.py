"""A norm pack as FHIR: a Library that carries it byte for byte, and what it measures.

R4's ObservationDefinition has no url, version or status, so the Library is what is
named and versioned; the definition stands inside it. What the pack means is read from
the attachment alone, with its own hash and signature; everything else is for people.
"""

import base64
import binascii
from hashlib import sha1
from typing import Final

from clinical.norms.pack import NormPack, pack_bytes, pack_from_bytes
from clinical.norms.source_attributes import paragraph_of
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import score_codings
from fhir_mapping.r4.codes import BASE
from fhir_mapping.r4.json import Json, fhir_text
from fhir_mapping.r4.models import checked
from questionnaires.instrument import Instrument

PACK_TYPE: Final = "application/json"
PACK_SYSTEM: Final = f"{BASE}/NamingSystem/norm-pack"  # value: SHA-256 of the pack
SOURCE_ATTRIBUTE: Final = f"{BASE}/StructureDefinition/source-attribute"
MEASURED: Final = f"{BASE}/StructureDefinition/norm-of"
_LIBRARY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/library-type"
_USAGE: Final = "http://terminology.hl7.org/CodeSystem/usage-context-type"
_UCUM: Final = "http://unitsofmeasure.org"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"


def library_from_pack(pack: NormPack, instrument: Instrument) -> Json:
    """The Library of this pack; `active` once somebody has signed it.

    Args:
        instrument: the pack's, for the codes of its score.

    Raises:
        NotValidR4: a text of the pack cannot stand in FHIR.
    """
    content, key, sign_off = pack_bytes(pack), pack.key, pack.sign_off
    name = f"{pack.pack_id} {pack.version}"
    library: Json = {
        "resourceType": "Library",
        "id": pack.hash,
        "contained": [_definition(pack, instrument)],
        "extension": [
            {"url": MEASURED, "valueReference": {"reference": "#measured"}},
            *(_attribute(name, text) for name, text in pack.attributes.items()),
        ],
        "url": f"{BASE}/Library/{pack.hash}",
        "identifier": [{"system": PACK_SYSTEM, "value": pack.hash}],
        "version": fhir_text(pack.version),
        "title": fhir_text(f"Norm pack {name}"),
        "status": "draft" if sign_off is None else "active",
        "type": {"coding": [{"system": _LIBRARY_TYPE, "code": "asset-collection"}]},
    }
    if sign_off is not None:
        library["date"] = sign_off.on.isoformat()
        library["effectivePeriod"] = {
            "start": sign_off.on.isoformat(),
            "end": sign_off.review_by.isoformat(),
        }
        library["endorser"] = [{"name": fhir_text(sign_off.by)}]
    sample = pack.curve.sample
    return checked(
        library
        | {
            "publisher": fhir_text(pack.attributes["developer"]),
            "description": fhir_text(
                f"Expected course of {key.instrument_id} {key.instrument_version}"
                f" ({key.language}) from {sample.n_persons} persons:"
                f" {sample.provenance}. It describes people who stayed, and is no goal."
            ),
            "useContext": _contexts(pack),
            "purpose": fhir_text(pack.intended_use),
            "usage": fhir_text(f"Not for: {pack.not_for}"),
            "copyright": fhir_text(pack.licence),
            "relatedArtifact": [
                {
                    "type": "depends-on",
                    "resource": f"{pack.origin.canonical}|{key.instrument_version}",
                }
            ],
            "content": [
                {
                    "contentType": PACK_TYPE,
                    "data": base64.b64encode(content).decode("ascii"),
                    "size": len(content),
                    # R4 asks for SHA-1 here; it guards nothing, the pack's own does.
                    "hash": base64.b64encode(
                        sha1(content, usedforsecurity=False).digest()
                    ).decode("ascii"),
                    "title": fhir_text(f"{name}.json"),
                }
            ],
        }
    )


def pack_from_library(library: Json) -> NormPack:
    """The pack inside, if it is what its own hash says; its signature is not looked at.

    Raises:
        UnreadableResource: no Library with exactly one pack in it.
        NormPackError: the pack was changed.
    """
    if library.get("resourceType") != "Library":
        raise UnreadableResource(str(library.get("resourceType", "")), "resourceType")
    content = library.get("content")
    found = (
        [
            each.get("data")
            for each in content
            if isinstance(each, dict) and each.get("contentType") == PACK_TYPE
        ]
        if isinstance(content, list)
        else []
    )
    if len(found) != 1 or not isinstance(found[0], str):
        raise UnreadableResource("Library", "content")
    try:
        data = base64.b64decode("".join(found[0].split()), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableResource("Library", "content[0].data") from None
    return pack_from_bytes(data, file="Library.content[0].data")


def _definition(pack: NormPack, instrument: Instrument) -> Json:
    curve, band = pack.curve, pack.key.age_band
    age: Json = {"low": _years(band.start)}
    if band.to is not None:
        age["high"] = _years(band.to)
    unit = {"coding": [{"system": _UCUM, "code": "{score}"}]}
    return {
        "resourceType": "ObservationDefinition",
        "id": "measured",
        "category": [{"coding": [{"system": _CATEGORY, "code": "survey"}]}],
        "code": {
            "coding": score_codings(
                instrument, instrument.total, version=pack.key.instrument_version
            )
        },
        "permittedDataType": ["Quantity"],
        "quantitativeDetails": {"unit": unit},
        "qualifiedInterval": [
            {
                "category": "absolute",
                "range": {"low": _score(curve.low), "high": _score(curve.high)},
                "age": age,
            },
            {
                "category": "reference",
                "range": {
                    "low": _score(curve.intake_low),
                    "high": _score(curve.intake_high),
                },
                "age": age,
                "condition": "first scores of the people whom the norm was made from",
            },
        ],
    }


def _attribute(name: str, text: str) -> Json:
    return {
        "url": SOURCE_ATTRIBUTE,
        "extension": [
            {"url": "name", "valueCode": name.replace("_", "-")},
            {"url": "paragraph", "valueString": paragraph_of(name)},
            {"url": "text", "valueString": fhir_text(text)},
        ],
    }


def _contexts(pack: NormPack) -> list[Json]:
    band = pack.key.age_band
    age: Json = {"low": _years(band.start)}
    if band.to is not None:
        age["high"] = _years(band.to)
    return [
        {"code": {"system": _USAGE, "code": "age"}, "valueRange": age},
        {
            "code": {"system": _USAGE, "code": "venue"},
            "valueCodeableConcept": {"text": fhir_text(pack.key.setting)},
        },
    ]


def _years(years: int) -> Json:
    return {"value": years, "unit": "years", "system": _UCUM, "code": "a"}


def _score(value: object) -> Json:
    return {"value": value, "unit": "{score}", "system": _UCUM, "code": "{score}"}
