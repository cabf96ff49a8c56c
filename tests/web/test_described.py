"""What the API describes is what it does: every operation is asked with thousands of good and bad requests.

Schemathesis makes them out of the document, the same ones each time, and looks whether each answer is one that the
document has: its status, its headers, its shape and the codes of a refusal; and that nothing breaks the server.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from classbook.app import open_app
from classbook.config import load
from classbook.testing import FixedChance, FrozenClock, MemoryMailer
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.conftest import DATABASES, SECRET, fresh_database
from tests.makers import NOW, Cast, a_class, a_court, a_doctor, a_match, a_venue, broken, hold, rich
from tests.web.conftest import tokens_of

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "unsupported_method", "allow_header_conformance",
    "missing_required_header", "ignored_auth",
)  # fmt: skip
REFUSED_AS = "[checks]\nnegative_data_rejection.expected-statuses = [401, 403, 404, 405, 409, 413, 422]\n"
"""What is not as described may be found out by any of these; 413 is too large, whatever else it is."""
PHASES = {"sqlite": ("examples,coverage,fuzzing", 4), "postgresql": ("examples,fuzzing", 2)}
"""Which kinds of requests, and how many made at random for each operation; `test_sequences` has them in a row."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", DATABASES)
def test_every_answer_is_one_that_the_document_has(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    phases, examples = PHASES[kind]
    config = tmp_path / "schemathesis.toml"
    config.write_text(REFUSED_AS)
    with fresh_database(request, kind, tmp_path) as url:
        environ = {"CLASSBOOK_DATABASE_URL": url, "CLASSBOOK_SECRET": SECRET, "CLASSBOOK_TIMEZONE": "UTC"}
        settings = load(config_path=None, environ=environ, overrides={})
        opened = open_app(settings, clock=FrozenClock(NOW), chance=FixedChance(), mailer=MemoryMailer())
        with closing(opened) as app, closing(Desk(app)) as desk:
            cast = Cast(app)
            admin = tokens_of(app, access=timedelta(days=1)).access(cast.emma.id)
            hold(app, a_class(app), rich(app, cast.ana))
            a_class(app, kind="event"), a_doctor(app), a_court(app), a_match(app, a_venue(app, "A:2x3"))
            server = serve(app, desk, listener=listen("127.0.0.1", 0))
            try:
                ran = subprocess.run(
                    [
                        Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run",
                        f"{server.address}/api/schema/", "--header", f"Authorization: Bearer {admin}",
                        "--checks", ",".join(CHECKS), "--phases", phases, "--max-examples", str(examples),
                        "--seed", "1", "--generation-database", "none", "--no-color",
                    ],
                    capture_output=True,
                    text=True,
                    cwd=tmp_path,
                )  # fmt: skip
            finally:
                server.stop()
            assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr
            assert broken(app) == []
