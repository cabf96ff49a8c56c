"""Templates of one's own for letters: files in a folder, by fixed names, in a box that lets them reach nothing else.

`confirmed.subject.txt`, `confirmed.txt` and `confirmed.html` take the place of the subject, the text and the HTML of
the letter that confirms, and so for every kind. A template sees the texts of `letters.words` and nothing else: no
attributes, no calls, no files. One that does not work is passed over, and the log says so; no letter is lost by it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from classbook.rules.letters import KINDS, Letter

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

Words = dict[str, object]

_ENDINGS: Final = {".subject.txt": "subject", ".txt": "text", ".html": "html"}
"""What a file is for. The longest ending first: a subject is a text, too."""
_FILES: Final = {f"{kind}{ending}": (kind, part) for kind in KINDS for ending, part in _ENDINGS.items()}
_FILTERS: Final = frozenset(
    ("capitalize", "d", "default", "e", "escape", "first", "join", "last", "length", "lower", "replace", "title")
    + ("trim", "upper", "wordwrap")
)
"""What a template may do with a text. Not ``safe``: what people wrote is escaped in HTML, whatever a template wants."""
_LONGEST_BYTES: Final = 200_000
_LONGEST_SUBJECT: Final = 250
_log = logging.getLogger("classbook.mail")


class TemplateFault(Exception):
    """A template does not work; the text says why."""


@dataclass(frozen=True, slots=True)
class Stationery:
    """The templates in ``folder``; None for somebody who has none."""

    folder: Path | None

    def dressed(self, kind: str, letter: Letter, words: Words) -> Letter:
        """The letter as the templates have it, where there are any and they work."""
        for name, (of_kind, part) in _FILES.items():
            if self.folder is None or of_kind != kind or not (self.folder / name).is_file():
                continue
            try:
                letter = replace(letter, **{part: self._filled(name, part, words)})
            except TemplateFault as fault:
                _log.warning("mail template %s is passed over: %s", self.folder / name, fault)
        return letter

    def faults(self, words_of: dict[str, Words]) -> list[str]:
        """What is wrong with the folder, a sentence each; ``words_of`` has something to say in each kind of letter."""
        if self.folder is None:
            return []
        try:
            found = sorted(path.name for path in self.folder.iterdir())
        except OSError as error:
            return [f"{self.folder} cannot be read: {error.strerror}"]
        faults = [f"{name} is the name of no template" for name in found if name not in _FILES]
        for name in found:
            if name in _FILES:
                kind, part = _FILES[name]
                try:
                    self._filled(name, part, words_of[kind])
                except TemplateFault as fault:
                    faults.append(f"{name}: {fault}")
        return faults

    def _filled(self, name: str, part: str, words: Words) -> str:
        """A template with its words in place. Raises TemplateFault."""
        from jinja2 import TemplateError

        assert self.folder is not None
        try:
            source = (self.folder / name).read_bytes()
            if len(source) > _LONGEST_BYTES:
                raise TemplateFault(f"it is longer than {_LONGEST_BYTES:,} bytes")
            made = _template(_box(escaping=part == "html"), source.decode("utf-8-sig")).render(words)
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateFault(str(error)) from error
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise TemplateFault(f"{f'line {line}: ' if line else ''}{error.message or type(error).__name__}") from error
        except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RecursionError) as error:
            raise TemplateFault(f"{type(error).__name__}: {error}") from error
        return _CHECKS[part](made, words)


def _subject(made: str, words: Words) -> str:
    line = made.strip()
    # Python lets an encoded line break in a subject begin another header (CVE-2024-6923).
    if not line or not line.isprintable() or "=?" in line or len(line) > _LONGEST_SUBJECT:
        raise TemplateFault(f"a subject is one printable line of up to {_LONGEST_SUBJECT} letters")
    return line


def _text(made: str, words: Words) -> str:
    for what in ("code", "link"):
        if words[what] and words[what] not in [line.strip() for line in made.splitlines()]:
            raise TemplateFault(f"the {what} does not stand alone on a line")
    return f"{made.rstrip()}\n"


def _html(made: str, words: Words) -> str:
    if str(words["code"]) not in made:
        raise TemplateFault("the code is missing")
    return made


_CHECKS: Final = {"subject": _subject, "text": _text, "html": _html}
"""What must be true of what a template makes: a code that is not there would be a place that is lost."""


def _template(box: SandboxedEnvironment, source: str) -> Any:
    from jinja2 import TemplateSyntaxError, nodes

    for node in box.parse(source).find_all(nodes.ScopedEvalContextModifier):
        raise TemplateSyntaxError("escaping cannot be turned off", node.lineno)
    return box.from_string(source)


def _box(*, escaping: bool) -> SandboxedEnvironment:
    """Where templates live: no loader, no functions, no attributes but a loop's, no arithmetic that grows."""
    from jinja2 import StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.runtime import LoopContext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Box(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset(("*", "**", "%"))

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            raise SecurityError(f"{operator} is not for letters")

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            return isinstance(obj, LoopContext) and not attr.startswith("_") and not callable(value)

        def is_safe_callable(self, obj: Any) -> bool:
            return False

    made = Box(autoescape=escaping, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS}
    return made
