"""Messages of a conversation as the one text that a chat model was trained to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viz_core.language import _
from viz_core.models import templates
from viz_core.models.checkpoint import read_json
from viz_core.models.errors import UnusableText, WeightsUnavailable

TEMPLATE, SETTINGS = "chat_template.jinja", "tokenizer_config.json"
MOST_BYTES = 100_000  # of a template; the longest that are known have 20,000
Message = Mapping[str, str]  # {"role": "user", "content": "Hello"}


@dataclass(frozen=True)
class Chat:
    """A chat template, in Jinja, and the special tokens that it may name: "bos_token" → "<s>"."""

    template: str
    tokens: Mapping[str, str] = field(default_factory=dict)

    def text(self, messages: Sequence[Message]) -> str:
        """The conversation with the opening of the model's answer. Raises UnusableText when the template refuses the
        messages, e.g. for a role that it does not know, or asks for more time or memory than a template needs.
        """
        try:
            return templates.conversation(self.template, self.tokens, messages)
        except templates.Refused as error:
            message = _("This model's chat template does not take these messages ({reason}).")
            raise UnusableText(message.format(reason=str(error).split("\n")[0])) from error


def read_chat(folder: Path) -> Chat | None:
    """The chat template of a checkpoint's folder, None where it has none. Raises WeightsUnavailable where the file that
    would hold it cannot be read."""
    settings = read_json(folder / SETTINGS) if (folder / SETTINGS).is_file() else {}
    apart = folder / TEMPLATE
    template = _text_of(apart) if apart.is_file() else _default(settings.get("chat_template"))
    tokens = {name: _content(value) for name, value in settings.items() if name.endswith("_token")}
    return Chat(template, {name: token for name, token in tokens.items() if token}) if template else None


def _text_of(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        message = _("The file {file} has {size:,} bytes; a chat template has at most {most:,}.")
        raise WeightsUnavailable(message.format(file=path, size=path.stat().st_size, most=MOST_BYTES))
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        message = _("The file {file} cannot be read ({reason}). Delete it and load the model again.")
        raise WeightsUnavailable(message.format(file=path, reason=error)) from error


def _default(declared: Any) -> str:
    """A template, or the one named "default" of several."""
    if isinstance(declared, list):
        named = {item.get("name"): item.get("template") for item in declared if isinstance(item, dict)}
        declared = named.get("default")
    return declared if isinstance(declared, str) else ""


def _content(token: Any) -> str:
    """A token is written as its text, or as a record that holds it."""
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else ""
