"""The baseline: a class booking service written the usual way, as a good engineer does it in a day.

FastAPI `def` routes, a SQLAlchemy ORM session for each request, a login dependency, pydantic models, and one
transaction a request that locks the class, counts, checks for a duplicate and writes. It never oversells. It is as
durable as classbook and runs on the same uvicorn with the same event loop and parser. The known slips of this shape are
avoided, so that the shape is what is measured: the login check opens no transaction and nothing is refreshed after the
commit (either would hold a connection while waiting for a thread, which deadlocks the pools), and the pool has
SQLAlchemy's own size (1, 10 and 40 connections gave the same rates).
"""

import argparse
import hashlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, Engine, ForeignKey, Index, create_engine, event, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from benchmarks import serving

HOLD = timedelta(minutes=5)
LIVE = ("held", "confirmed")

log = logging.getLogger("usual")


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "usual_people"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class Class(Base):
    __tablename__ = "usual_classes"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    seats: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Reservation(Base):
    __tablename__ = "usual_reservations"
    __table_args__ = (Index("usual_reservations_class_person", "class_id", "person_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("usual_classes.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("usual_people.id"))
    state: Mapped[str]
    code_hash: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Mail(Base):
    __tablename__ = "usual_mails"
    id: Mapped[int] = mapped_column(primary_key=True)
    reservation_id: Mapped[int] = mapped_column(ForeignKey("usual_reservations.id"))
    to: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReserveRequest(BaseModel):
    class_id: int


class ReservationAnswer(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    class_id: int
    person_id: int
    state: str
    expires_at: datetime
    created_at: datetime


def connect(url: str) -> Engine:
    """A pooled engine. ``url`` is ``sqlite:///FILE`` or ``postgresql://...``."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    import pysqlite3.dbapi2 as sqlite

    engine = create_engine(url, module=sqlite, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def make_app(engine: Engine, secret: str) -> FastAPI:
    app = FastAPI()
    sessions = sessionmaker(engine, expire_on_commit=False)
    bearer = HTTPBearer()

    def session() -> Iterator[Session]:
        with sessions() as opened:
            yield opened

    Database = Annotated[Session, Depends(session)]

    def logged_in(given: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> int:
        try:
            return int(jwt.decode(given.credentials, secret, algorithms=["HS256"])["sub"])
        except jwt.InvalidTokenError:
            raise HTTPException(401, "log in first") from None

    @app.middleware("http")
    async def logged(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        response = await answer(request)
        took = 1000 * (time.perf_counter() - began)
        log.info("%s %s %s %.1f ms", request.method, request.url.path, response.status_code, took)
        return response

    @app.post("/classes/reserve-seat/", status_code=201, response_model=ReservationAnswer)
    def reserve(ask: ReserveRequest, database: Database, person_id: Annotated[int, Depends(logged_in)]) -> Reservation:
        person = database.get(Person, person_id)
        if person is None:
            raise HTTPException(401, "log in first")
        offered = database.scalar(select(Class).where(Class.id == ask.class_id).with_for_update())
        now = datetime.now(UTC)
        if offered is None:
            raise HTTPException(404, "no such class")
        if _aware(offered.starts_at) <= now:
            raise HTTPException(409, "this class has begun")
        live = (
            select(func.count())
            .select_from(Reservation)
            .where(Reservation.class_id == offered.id, Reservation.state.in_(LIVE))
        )
        if database.scalar(live.where(Reservation.person_id == person.id)):
            raise HTTPException(409, "already reserved")
        if (database.scalar(live) or 0) >= offered.seats:
            raise HTTPException(409, "sold out")
        code = f"{secrets.randbelow(1_000_000):06d}"
        reservation = Reservation(
            class_id=offered.id,
            person_id=person.id,
            state="held",
            code_hash=hashlib.sha256(f"{secret}{code}".encode()).hexdigest(),
            expires_at=now + HOLD,
            created_at=now,
        )
        database.add(reservation)
        database.flush()
        database.add(
            Mail(
                reservation_id=reservation.id,
                to=person.email,
                subject=f"Your place in {offered.title}",
                body=f"Hello {person.name},\n\nyour code is\n\n{code}\n\nIt is good for five minutes.",
            )
        )
        database.commit()
        return reservation

    return app


def prepare(engine: Engine, *, people: int, seats: list[int]) -> None:
    """Make the tables, ``people`` people (ids from 1) and one class for each of ``seats`` (ids from 1)."""
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    everyone = [{"id": n, "email": f"p{n}@example.org", "name": f"Person {n}"} for n in range(1, people + 1)]
    classes = [
        {"id": n, "title": f"Yoga {n}", "seats": places, "starts_at": tomorrow} for n, places in enumerate(seats, 1)
    ]
    with engine.begin() as connection:
        connection.execute(insert(Person), everyone)
        connection.execute(insert(Class), classes)


def sold(engine: Engine, class_id: int) -> set[int]:
    """The ids of the live reservations of a class."""
    rows = select(Reservation.id).where(Reservation.class_id == class_id, Reservation.state.in_(LIVE))
    with Session(engine) as database:
        return set(database.scalars(rows))


def token(secret: str, person_id: int) -> str:
    claims = {"sub": str(person_id), "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode(claims, secret, algorithm="HS256")


def _aware(instant: datetime) -> datetime:
    """SQLite hands times back without their zone; all of them are UTC."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.usual", description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--secret", required=True)
    asked = parser.parse_args()
    serving.log_requests("%(asctime)s %(levelname)s %(name)s %(message)s")
    serving.serve(make_app(connect(asked.database), asked.secret))


if __name__ == "__main__":
    main()
