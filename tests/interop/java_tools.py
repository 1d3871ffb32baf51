"""Builds our two small Java programs with Maven, once per state of their sources."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "interop"
BUILD_SECONDS = 900  # the first build downloads some 250 jars


class BuildFailed(RuntimeError):
    """Maven could not build; the message ends with its own last lines."""


def say(line: str) -> None:
    """One line of progress, where pytest -s and CI show it."""
    sys.stderr.write(f"[interop] {line}\n")
    sys.stderr.flush()


def java_class_path(project: Path) -> str:
    """The class path of a Maven project of ours, built if its sources changed.

    Skips the test, visibly, where Java or Maven is not installed.

    Raises:
        BuildFailed: Maven ended with an error or took too long.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"`{program}` is absent: install a JDK (17 or later) and Maven")
    built = CACHE / f"{project.name}-{_fingerprint(project)}"
    if not _is_complete(built):
        _build(project, built)
    return os.pathsep.join([str(_jar(built)), _dependencies(built)])


def _fingerprint(project: Path) -> str:
    digest = hashlib.sha256()
    sources = [project / "pom.xml", *sorted((project / "src").rglob("*.*"))]
    for source in sources:
        if source.is_file():
            digest.update(str(source.relative_to(project)).encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _is_complete(built: Path) -> bool:
    """Built, and the local Maven repository still holds each jar it names."""
    if not (built / "class-path.txt").is_file():
        return False
    jars = [_jar(built), *map(Path, _dependencies(built).split(os.pathsep))]
    return all(jar.is_file() for jar in jars)


def _jar(built: Path) -> Path:
    return built / "program.jar"


def _dependencies(built: Path) -> str:
    return (built / "class-path.txt").read_text(encoding="utf-8").strip()


def _build(project: Path, built: Path) -> None:
    say(f"building {project.name} with Maven; the first time downloads its libraries")
    building = built.with_name(f"{built.name}.{os.getpid()}")
    building.mkdir(parents=True, exist_ok=True)
    try:
        _run_maven(project, building)
        shutil.rmtree(built, ignore_errors=True)
        building.rename(built)
    except OSError:
        if not _is_complete(built):  # else another run was faster: use its result
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    say(f"built {project.name}")


def _run_maven(project: Path, output: Path) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "package", f"-Doutput.folder={output}"]
    try:
        run = subprocess.run(
            command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BuildFailed(
            f"building {project.name} took more than {BUILD_SECONDS} s. Downloads that"
            " were finished are kept: run it again, or look whether Maven can reach"
            " its registry."
        ) from None
    if run.returncode != 0:
        raise BuildFailed(
            f"`mvn package` failed in {project}. If it names a library, Maven could not"
            " reach its registry: build once where it can. Its last lines:\n"
            + "\n".join((run.stdout + run.stderr).splitlines()[-15:])
        )
