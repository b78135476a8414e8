"""The catalogues of messages: extract, update, compile (make messages). What tests/test_translations.py checks.

python -m tests.catalogues
"""

import ast
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from viz_core.language import CATALOGUES, LANGUAGES

ROOT = Path(__file__).parents[1]
TRANSLATED = [language for language in LANGUAGES if language != "en"]  # the messages themselves are English


def source(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def compiled(language: str) -> Path:
    return source(language).with_suffix(".mo")


def extracted() -> Catalog:
    """Every message of the program, with the files that say it: no line numbers, which change with every edit."""
    template = Catalog(charset="utf-8")
    for path in sorted([ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "viz_core").rglob("*.py")]):
        for message in _messages(path):
            template.add(message, locations=[(path.relative_to(ROOT).as_posix(), None)])
    return template


def _messages(path: Path) -> Iterator[str]:
    """What stands in _("…"), in f-strings too, where Babel's own extractor does not look."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        if isinstance(call.func, ast.Name) and call.func.id == "_" and isinstance(call.args[0], ast.Constant):
            yield call.args[0].value


def read(language: str) -> Catalog:
    with source(language).open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, template: Catalog) -> Catalog:
    """The catalogue with the program's messages, and no others; nothing is guessed from messages that resemble."""
    catalogue = read(language) if source(language).exists() else Catalog(locale=language, charset="utf-8", fuzzy=False)
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def as_compiled(catalogue: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main() -> None:
    template = extracted()
    for language in TRANSLATED:
        catalogue = updated(language, template)
        source(language).parent.mkdir(parents=True, exist_ok=True)
        with source(language).open("wb") as file:
            write_po(file, catalogue, width=0, sort_by_file=True, ignore_obsolete=True)
        compiled(language).write_bytes(as_compiled(catalogue))
        missing = [message.id for message in catalogue if message.id and not message.string]
        print(f"{language}: {len(catalogue)} messages, {len(missing)} without a translation")
        for message in missing:
            print(f"  {message!r}")


if __name__ == "__main__":
    main()
