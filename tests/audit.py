"""Known vulnerabilities of what is installed here: make audit.

Fails on any that .ci/accepted-vulnerabilities.txt does not name with a reason. Where no database of vulnerabilities
answers, that is said aloud and nothing fails. A mirror of packages answers too, and knows of none, so a database is
first asked for one that everybody knows: pip-audit by itself takes what such a mirror has no page for as no harm.
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ACCEPTED = Path(__file__).parents[1] / ".ci" / "accepted-vulnerabilities.txt"
PATIENCE = 10  # seconds for the question whether a database is there; as many for each of its answers
LONGEST = 40  # seconds for all of the audit
OLD = ("jinja2", "2.10")  # PYSEC-2019-217 and others
NOT_OURS = {"pip"}  # Python's own venv puts it there


class Unreachable(Exception):
    """Why no database could be asked."""


def asked_pypi() -> bool:
    """Whether PyPI's own database answers: it must know what is wrong with OLD."""
    return bool(_json(f"https://pypi.org/pypi/{OLD[0]}/{OLD[1]}/json").get("vulnerabilities"))


def asked_osv() -> bool:
    package = {"name": OLD[0], "ecosystem": "PyPI"}
    return bool(_json("https://api.osv.dev/v1/query", {"package": package, "version": OLD[1]}).get("vulns"))


DATABASES: dict[str, Callable[[], bool]] = {"pypi": asked_pypi, "osv": asked_osv}


def _json(url: str, question: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Raises OSError where nobody answers, ValueError where the answer is none."""
    data = None if question is None else json.dumps(question).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=PATIENCE) as answer:  # noqa: S310  https
        found: dict[str, Any] = json.load(answer)
    return found


def database(known: Mapping[str, Callable[[], bool]] = DATABASES) -> str:
    """The first that answers. Raises Unreachable."""
    reasons = []
    for name, asked in known.items():
        try:
            if asked():
                return name
            reasons.append(f"{name} answers, but knows of no vulnerability of {' '.join(OLD)}")
        except (OSError, ValueError) as error:
            reasons.append(f"{name}: {error}")
    raise Unreachable("; ".join(reasons))


def found_by(name: str) -> dict[str, Any]:
    """What pip-audit says of this environment."""
    command = [sys.executable, "-m", "pip_audit", "--local", "--vulnerability-service", name, "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", str(PATIENCE), "--aliases"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    if not done.stdout.strip():
        raise RuntimeError(f"pip-audit ended with {done.returncode}: {done.stderr.strip()[-2_000:]}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def accepted(lines: str) -> dict[str, str]:
    """Those that are known and lived with, by their names, with the reason; a # begins what is for readers alone.

    Raises ValueError where there is no reason.
    """
    entries = [line.split(None, 1) for line in lines.splitlines() if line.strip() and not line.startswith("#")]
    for entry in entries:
        if len(entry) < 2:
            raise ValueError(f"{ACCEPTED.name}: {entry[0]}: expected the reason after it")
    return {name: reason.strip() for name, reason in entries}


def wrong(said: Mapping[str, Any], known: Mapping[str, str]) -> list[str]:
    """What must not be, a line each: vulnerabilities that nobody has accepted, and packages nobody could tell of."""
    told = []
    for package in said["dependencies"]:
        if package["name"] in NOT_OURS:
            continue
        if "skip_reason" in package:
            told.append(f"{package['name']}: not audited: {package['skip_reason']}")
        for one in package.get("vulns", []):
            names = [one["id"], *one.get("aliases", [])]
            if not set(names) & known.keys():
                better = ", ".join(one.get("fix_versions", [])) or "no version yet"
                told.append(f"{package['name']} {package['version']}: {', '.join(names)}; mended in {better}")
    return told


def main() -> int:
    known = accepted(ACCEPTED.read_text(encoding="utf-8"))
    try:
        name = database()
        try:
            said = found_by(name)
        except (RuntimeError, subprocess.TimeoutExpired):
            database()  # one that has gone away meanwhile is no fault of ours
            raise
    except Unreachable as error:
        print(f"audit: SKIPPED, vulnerability database not reachable: {error}")
        return 0
    told = wrong(said, known)
    print("\n".join(told) or f"audit: {len(said['dependencies'])} packages, no known vulnerability ({name})")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
