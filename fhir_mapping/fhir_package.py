"""The publication as a FHIR NPM package: file names and contents, without packing.

Source: FHIR specification, "FHIR NPM Packages" (packages.html): package.json, and
.index.json with index-version 2. No time stands in it, so that the same library and
version give the same bytes.
"""

from collections.abc import Mapping
from typing import Final

from fhir_mapping.publication import Publication, file_name
from fhir_mapping.r4.codes import BASE, PUBLISHER
from fhir_mapping.r4.json import Json, pretty_json_bytes

NAME: Final = "rom-on-fhir.questionnaires"
FHIR_VERSION: Final = "4.0.1"
FOLDER: Final = "package"
# SDC brings the extension pack with it.
DEPENDENCIES: Final[Mapping[str, str]] = {
    "hl7.fhir.r4.core": FHIR_VERSION,
    "hl7.fhir.uv.sdc": "4.0.0",
}
DESCRIPTION: Final = (
    "Questionnaires for routine outcome and alliance monitoring, with scoring. Each"
    " states its own rights in `copyright`; those with status draft are structure only."
)
# Of a resource's string members, these stand in the index.
_INDEXED: Final = ("url", "version", "kind", "type", "supplements", "content")


def package_files(publication: Publication, *, version: str) -> dict[str, bytes]:
    """Path in the tarball -> content, in the order of the paths.

    Args:
        publication: made without licensed words: a package is passed on.
        version: of the package, semver.
    """
    resources = publication.resources
    files = {
        f"{FOLDER}/package.json": pretty_json_bytes(_manifest(publication, version)),
        f"{FOLDER}/.index.json": pretty_json_bytes(_index(resources)),
    }
    for each in resources:
        files[f"{FOLDER}/{file_name(each)}"] = pretty_json_bytes(each)
    return dict(sorted(files.items()))


def _manifest(publication: Publication, version: str) -> Json:
    languages = {each for form in publication.forms for each in form.languages}
    return {
        "name": NAME,
        "version": version,
        "title": "ROM on FHIR questionnaires",
        "description": DESCRIPTION,
        "author": PUBLISHER,
        "canonical": BASE,
        "url": BASE,
        "type": "Conformance",
        "fhirVersions": [FHIR_VERSION],
        "languages": sorted(languages),
        "dependencies": dict(DEPENDENCIES),
    }


def _index(resources: tuple[Json, ...]) -> Json:
    files = []
    for each in resources:
        entry: Json = {
            "filename": file_name(each),
            "resourceType": each["resourceType"],
            "id": each["id"],
        }
        told = {key: each[key] for key in _INDEXED if isinstance(each.get(key), str)}
        files.append(entry | told)
    return {"index-version": 2, "files": files}
