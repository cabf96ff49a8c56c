"""/resources/: what is booked for any free span."""

from __future__ import annotations

from typing import Final

from classbook.values import Resource
from classbook.web import offerings, opening
from classbook.web.bodies import ChangedResource, NewResource
from classbook.web.routes import actions, looks

KIND: Final = "resource"
NOUN: Final = offerings.Noun(KIND, "resource", "resources", Resource, NewResource, ChangedResource)

acting = actions("resources")
looking = looks("resources")

offerings.serve(NOUN, acting=acting, looking=looking)
opening.serve(NOUN, acting=acting, looking=looking)
