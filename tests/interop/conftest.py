"""Foreign servers that the interop tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.interop.hapi.server import hapi_server


@pytest.fixture(scope="session")
def hapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of one HAPI FHIR server for all tests of this run."""
    with hapi_server(tmp_path_factory.mktemp("hapi")) as base:
        yield base
