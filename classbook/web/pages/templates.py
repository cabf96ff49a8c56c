"""Templates: everything that people wrote is escaped, and a name that is not there is an error and not a blank."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from classbook.web.pages import static, words


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        clock=words.clock,
        day=words.day,
        from_to=words.from_to,
        length=words.length,
        places=words.places,
        when=words.when,
    )
    made.globals.update(
        address_of=static.address,
        kind_names=words.KIND_NAMES,
        one_of_kind=words.ONE_OF_KIND,
        state_words=words.STATE_WORDS,
        terms=words.terms,
    )
    return made


def rendered(name: str, **facts: Any) -> str:
    """A page, out of the template ``name``."""
    return _environment().get_template(f"{name}.html").render(**facts)
