"""Who acts, with the role they have now: looked up in the transaction of the act, never taken from a token."""

from __future__ import annotations

from classbook.errors import NotLoggedIn, NotYours
from classbook.store import people
from classbook.store.database import Tx
from classbook.store.records import PersonRecord
from classbook.values import Actor, frozen


@frozen
class Who:
    """An actor as the database knows them; ``id`` None is the console, an administrator."""

    id: int | None
    role: str
    verified: bool

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def speaks_for(self, person_id: int) -> bool:
        """Whether this actor may act for that person."""
        return self.is_admin or person_id == self.id

    def may_see(self, owner_id: int | None) -> bool:
        """Whether something of that person exists for this actor at all."""
        return self.is_admin or (owner_id is not None and owner_id == self.id)

    def serves(self, owner_id: int | None, *, creator_id: int | None) -> bool:
        """Whether that person has reserved what this actor made, and is somebody else."""
        return self.id is not None and self.id == creator_id and self.id != owner_id


CONSOLE = Who(None, "admin", verified=True)


def who_is(actor: Actor, person: PersonRecord | None) -> Who:
    """The actor, given their row. Raises NotLoggedIn for somebody who is gone."""
    if actor.person_id is None:
        return CONSOLE
    if person is None or person.removed:
        raise NotLoggedIn("This account is gone.")
    return Who(person.id, person.role, person.verified)


def look_up(tx: Tx, actor: Actor) -> Who:
    """The actor, read now. Raises NotLoggedIn."""
    return who_is(actor, None if actor.person_id is None else people.by_id(tx, actor.person_id))


def require_admin(tx: Tx, actor: Actor) -> Who:
    """The actor, who must be an administrator. Raises NotLoggedIn, NotYours."""
    who = look_up(tx, actor)
    if not who.is_admin:
        raise NotYours("Only an administrator may do that.")
    return who
