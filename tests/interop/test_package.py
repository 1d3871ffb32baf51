"""Our FHIR package, read by the HL7 package reader and by HAPI's package support."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fhir_mapping.publication import file_name, publication_of
from questionnaires.library import load_library
from server.cli import main
from tests.interop.java_tools import java_class_path, say
from tests.interop.validator.validate import PROJECT

pytestmark = pytest.mark.interop

FILE = "rom-questionnaires.tgz"
PUBLISHED = publication_of(load_library())


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the foreign readers found in the package that the command wrote."""
    folder: Path = tmp_path_factory.mktemp("package")
    command = ["questionnaires", "package", str(folder / FILE), "--version", "1.2.3"]
    written = CliRunner().invoke(main, command)
    assert written.exit_code == 0, written.output
    class_path = os.pathsep.join([java_class_path(PROJECT), str(folder)])
    run = subprocess.run(
        [
            "java",
            "-Xmx512m",
            "-cp",
            class_path,
            "romonfhir.interop.PackageReader",
            FILE,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    say(f"{len(found['files'])} resources of the package were read")
    return found


def test_the_package_says_who_it_is(read: dict[str, Any]) -> None:
    assert read["name"] == "rom-on-fhir.questionnaires"
    assert read["version"] == "1.2.3"
    assert read["fhirVersion"] == "4.0.1"
    assert read["canonical"] == "https://rom-on-fhir.example/fhir"


def test_every_resource_is_listed_and_parsed(read: dict[str, Any]) -> None:
    assert set(read["files"]) == {file_name(each) for each in PUBLISHED.resources}


def test_hapi_s_support_resolves_every_code_system(read: dict[str, Any]) -> None:
    assert set(read["codeSystems"]) == {each["url"] for each in PUBLISHED.code_systems}
