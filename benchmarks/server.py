"""Classbook's own web server with its desk, and one more route that does nothing but let people in and log.

The daemon's other jobs do not run here: the baseline has none either.
"""

from __future__ import annotations

import argparse
from typing import Final

from starlette.responses import Response

from benchmarks import serving
from benchmarks.stage import opened
from classbook.web import classes
from classbook.web.answers import Json
from classbook.web.api import make_web
from classbook.web.desk import Desk
from classbook.web.routes import PREFIX, actions
from classbook.web.visit import Person

RESERVE_PATH: Final = f"{PREFIX}/classes/reserve-seat/"
NOTHING_PATH: Final = f"{PREFIX}/benchmark/nothing/"

acting = actions("benchmark")


@acting.post("/benchmark/nothing/")
async def nothing(visit: Person) -> Response:
    """The same door, login check and log line as everywhere, and a constant answer."""
    return Json({})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("--database", required=True)
    asked = parser.parse_args()
    serving.log_requests()
    # First of all routes, so that finding it costs no more than finding the route it is compared with.
    classes.acting.routes[:0] = acting.routes
    with opened(asked.database) as app:
        desk = Desk(app)
        serving.serve(make_web(app, desk))
        desk.close()


if __name__ == "__main__":
    main()
