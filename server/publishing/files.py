"""The library's FHIR resources as files: a folder, or a package to pass on.

Both are the same bytes for the same library and program: no time, no order of chance.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from fhir_mapping.publication import Publication, PublishedForm, file_name
from fhir_mapping.r4.json import Json, pretty_json_bytes

INDEX = "index.json"


def export_files(publication: Publication) -> dict[str, bytes]:
    """File name -> content: each resource, and the index of them all."""
    files = {file_name(each): pretty_json_bytes(each) for each in publication.resources}
    by_name = {each.file_name: each for each in publication.forms}
    index: Json = {
        "resources": [
            _indexed(name, content, resource=each, form=by_name.get(name))
            for each in publication.resources
            for name in [file_name(each)]
            for content in [files[name]]
        ]
    }
    return files | {INDEX: pretty_json_bytes(index)}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write them; other files stay.

    Returns:
        JSON files that lie there and are none of these, such as an earlier export's.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sorted(each.name for each in folder.glob("*.json") if each.name not in files)


def tarball(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar of these paths: sorted, nobody's, without any time."""
    packed = io.BytesIO()
    with (
        # An empty name: else the header would hold the file's.
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _indexed(
    name: str, content: bytes, *, resource: Json, form: PublishedForm | None
) -> Json:
    entry: Json = {"file": name}
    for key in ("resourceType", "id", "url", "version", "title", "status"):
        if key in resource:
            entry[key] = resource[key]
    if form is not None:
        entry |= {
            "structureOnly": form.words == "none",
            "words": form.words,
            "languages": list(form.languages),
        }
    return entry | {"sha256": hashlib.sha256(content).hexdigest()}
