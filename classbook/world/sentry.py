"""Accidents reported to Sentry, as little of them as helps: where in the code, of which sort, under which request.

What is sent is made anew from a short list of fields, so that nothing personal leaves by a field nobody thought of: no
texts of errors (they quote what people typed), no values of variables, no addresses, headers or bodies. The request id
finds the rest in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from classbook import __version__
from classbook.errors import Invalid
from classbook.secret import Secret

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_KEPT: Final = ("event_id", "timestamp", "level", "platform", "release", "environment", "sdk", "logger")
_KEPT_OF_FRAMES: Final = ("filename", "function", "module", "lineno", "in_app")


def start(dsn: Secret) -> None:
    """Report from now on what is logged as an error. Raises Invalid where that cannot be."""
    try:
        import sentry_sdk
        from sentry_sdk.integrations.excepthook import ExcepthookIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.integrations.threading import ThreadingIntegration
    except ImportError:
        raise Invalid(
            "The setting log.sentry_dsn needs sentry-sdk, which is not installed.",
            hint="Type `pip install 'classbook[sentry]'`, or take log.sentry_dsn away.",
        ) from None
    sentry_sdk.init(
        dsn.reveal(),
        release=f"classbook@{__version__}",
        server_name="",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            ExcepthookIntegration(),
            ThreadingIntegration(propagate_scope=False),
        ],
        before_send=_harmless,
        before_breadcrumb=lambda crumb, hint: None,
        max_breadcrumbs=0,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        auto_session_tracking=False,
        send_client_reports=False,
        shutdown_timeout=2,
    )


def _harmless(event: Event, hint: Hint) -> Event | None:
    """A new event with what is on the list, and nothing else."""
    found: Mapping[str, Any] = event
    sent = {name: found[name] for name in _KEPT if name in found}
    # Our own sentences have gaps where the values go: without these they say nothing about anybody.
    if str(found.get("logger", "")).startswith("classbook") and "logentry" in found:
        sent["logentry"] = {"message": found["logentry"].get("message")}
    if errors := found.get("exception", {}).get("values"):
        sent["exception"] = {"values": [_without_words(error) for error in errors]}
    if request_id := found.get("extra", {}).get("request_id"):
        sent["tags"] = {"request_id": request_id}
    return sent  # type: ignore[return-value]


def _without_words(error: Mapping[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames", ())
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": [{name: frame.get(name) for name in _KEPT_OF_FRAMES} for frame in frames]},
    }
