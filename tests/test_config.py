"""Settings: three sources, one order, and a clear line for everything that is not known."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from classbook.config import (
    KINDS,
    OWN_TIME_KINDS,
    TERMS_OF,
    Settings,
    find_file,
    load,
    near_variable,
    system_timezone,
)
from classbook.errors import Invalid
from classbook.rules.kinds import KINDS as RULES
from classbook.rules.policy import Policy
from classbook.secret import Secret

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str | bytes, *, mode: int = 0o644) -> Path:
        path = tmp_path / "classbook.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return write


def read(path: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: str) -> Settings:
    named = {name.replace("__", "."): text for name, text in overrides.items()}
    return load(config_path=path, environ={"XDG_CONFIG_HOME": "/nowhere", **(environ or {})}, overrides=named)


def test_without_any_configuration_there_are_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read(environ={"TZ": "Europe/Berlin"})
    assert settings.database.url == "sqlite:///classbook.db"
    assert settings.timezone == "Europe/Berlin" and settings.zone.key == "Europe/Berlin"
    assert settings.currency == "EUR"
    assert settings.mail.host is None and settings.mail.port == 587
    assert settings.web.address == "http://127.0.0.1:8000"
    assert settings.policy == {} and settings.path is None and settings.unknown_variables == ()


def test_flags_win_over_the_environment_and_that_over_the_file(write: Write) -> None:
    path = write('currency = "CHF"\n[web]\nport = 1\nhost = "a"\n[database]\nurl = "sqlite:////file.db"\n')
    environ = {"CLASSBOOK_WEB_PORT": "2", "CLASSBOOK_DATABASE_URL": "sqlite:////env.db", "CLASSBOOK_WEB_HOST": ""}
    settings = read(path, environ, database__url="sqlite:////flag.db")
    assert (settings.currency, settings.web.host, settings.web.port) == ("CHF", "a", 2)
    assert settings.database.url == "sqlite:////flag.db"
    assert settings.path == path


def test_a_whole_file_is_understood(write: Write) -> None:
    settings = read(
        write(
            """
            timezone = "Europe/Berlin"
            secret_file = "the.secret"
            [database]
            url = "postgres://ana@db/classbook"
            [mail]
            host = "smtp.example.org"
            security = "TLS"
            username = "desk"
            password_file = "/run/secrets/mail"
            sender = "The desk <desk@example.org>"
            timeout_seconds = 3
            ca_file = "ca.pem"
            maildir = "letters"
            [web]
            host = "::"
            public_url = "https://book.example.org/x/"
            workers = 4
            access_minutes = 5
            refresh_days = 1
            [log]
            file = "classbook.log"
            level = "debug"
            max_bytes = 1000
            backups = 0
            [policy.class]
            hold = "5m"
            notice = "0s"
            confirm = "self"
            party_max = 4
            max_per_person = 8
            cancel_until = "24h"
            [policy.event]
            hold = "1m"
            """
        )
    )
    here = settings.path.parent if settings.path else Path()
    assert settings.secret_file == here / "the.secret"
    assert settings.database.url == "postgresql://ana@db/classbook"
    assert settings.mail.port == 465 and settings.mail.security == "tls"
    assert settings.mail.password_file == Path("/run/secrets/mail")
    assert settings.mail.ca_file == here / "ca.pem" and settings.mail.maildir == here / "letters"
    assert settings.web.address == "https://book.example.org/x"
    assert settings.log.file == here / "classbook.log"
    assert settings.policy == {
        "class": {
            "hold_seconds": 300,
            "notice_seconds": 0,
            "confirm": "self",
            "party_max": 4,
            "max_per_person": 8,
            "cancel_until_seconds": 86400,
        },
        "event": {"hold_seconds": 60},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_policy(write: Write, kind: str) -> None:
    assert read(write(f'[policy.{kind}]\nhold = "1m"\n')).policy == {kind: {"hold_seconds": 60}}
    assert read(environ={f"CLASSBOOK_POLICY_{kind.upper()}_HOLD": "2m"}).policy == {kind: {"hold_seconds": 120}}


def test_the_terms_of_what_has_no_time_of_its_own(write: Write) -> None:
    terms = """
        [policy.appointment]
        slot = "20m"
        per_day = 2
        on_second = "replace"
        buffer_before = "5m"
        buffer_after = "10m"
        horizon = "60d"
        offer = "1h"
        [policy.resource]
        queues = false
        grid = "30m"
        min = "1h"
        max = "3h"
        check_in = true
        check_in_from = "30m"
        grace = "10m"
        """
    assert read(write(terms)).policy == {
        "appointment": {
            "slot_seconds": 1200,
            "per_day": 2,
            "on_second": "replace",
            "before_seconds": 300,
            "after_seconds": 600,
            "horizon_seconds": 60 * 86400,
            "offer_seconds": 3600,
        },
        "resource": {
            "queues": False,
            "grid_seconds": 1800,
            "min_seconds": 3600,
            "max_seconds": 10800,
            "check_in": True,
            "check_in_from_seconds": 1800,
            "grace_seconds": 600,
        },
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_term_has_its_place_in_the_policy(kind: str) -> None:
    fields = {field.name for field in dataclasses.fields(Policy)}
    assert {field for field, _ in TERMS_OF[kind].values()} <= fields


def test_the_kinds_whose_time_people_pick_are_those_of_the_rules() -> None:
    assert set(OWN_TIME_KINDS) == {name for name, kind in RULES.items() if kind.picks_time}


@pytest.mark.parametrize(("text", "means"), [("true", True), ("Yes", True), ("1", True), ("off", False), ("0", False)])
def test_a_switch_has_words_in_the_environment(text: str, means: bool) -> None:
    assert read(environ={"CLASSBOOK_POLICY_CLASS_QUEUES": text}).policy == {"class": {"queues": means}}


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ('\n[mail]\n hots = "x"\n', "line 3: unknown key hots in [mail] (did you mean host?)", "Known here: ca_file,"),
        ("[male]\n", "line 1: unknown section [male] (did you mean mail?)", "Known here: currency, database,"),
        ('curency = "EUR"', "line 1: unknown key curency (did you mean currency?)", "Known here:"),
        (
            "[mail.reminder_hours_of]\nklass = 1",
            "line 2: unknown key klass in [mail.reminder_hours_of]",
            "class, event",
        ),
        ("[mail.reminder_hours_of]\nclass = '1d'", "mail.reminder_hours_of.class must be a whole number", None),
        ("[policy.klass]\n", "line 1: unknown section [policy.klass] (did you mean class?)", "appointment, class"),
        ('[policy.class]\nhodl = "5m"', "line 2: unknown key hodl in [policy.class] (did you mean hold?)", "hold"),
        ("mail = 3", "line 1: mail must be a section", "Write [mail]"),
        ("[[mail]]\nhost='x'", "line 1: mail must be a section", "Write [mail]"),
        ("[currency]\nx=1", "line 1: currency must be the three letters of a currency, like EUR", None),
        ("[web]\nport = '80a'", "line 2: web.port must be a whole number from 0 to 65535, not '80a'", None),
        ("[web]\nport = true", "web.port must be a whole number from 0 to 65535, not True", None),
        ("[web]\nport = -1", "web.port must be a whole number", None),
        ("[web]\nworkers = 1.5", "web.workers must be a whole number from 1 to 64, not 1.5", None),
        ("[web]\nport = 1" + "0" * 400, "web.port must be a whole number", None),
        ("[mail]\nsecurity = 'startls'", "one of none, starttls, tls (did you mean starttls?), not 'startls'", None),
        ('[policy.class]\nslot = "15m"', "unknown key slot in [policy.class]", "cancel_until"),
        ('[policy.appointment]\nslot = "30s"', "must be at least a minute", None),
        ('[policy.resource]\non_second = "swap"', "must be one of reject, replace", None),
        ("[policy.resource]\ncheck_in = 2", "policy.resource.check_in must be true or false", None),
        ("[policy.class]\nhold = 5", "policy.class.hold must be a length of time in quotes, like 30s", None),
        ("[policy.class]\nhold = '0s'", "policy.class.hold must be longer than nothing, like 5m", None),
        ("[policy.class]\nconfirm = 'pay'", "must be one of code, self, payment, none", None),
        ("[wallet]\nself_top_up = 1", "wallet.self_top_up must be true or false, not 1", None),
        ("[wallet]\nself_top_up = 'maybe'", "wallet.self_top_up must be true or false, not 'maybe'", None),
        ("timezone = 'Europe/Berln'", "the name of a time zone, like Europe/Berlin or UTC (did you mean", None),
        ("timezone = '../etc/passwd'", "the name of a time zone", None),
        ("currency = 'EURO'", "the three letters of a currency", None),
        ("[database]\nurl = 'classbook.db'", "sqlite:///FILE or postgresql://USER@HOST/DATABASE", None),
        ("[database]\nurl = 'mysql://x'", "sqlite:///FILE or postgresql://", None),
        ("[database]\nurl = 'sqlite://classbook.db'", "with three slashes", None),
        ("[web]\npublic_url = 'book.example.org'", "an address that begins with http:// or https://", None),
        ("[mail]\nsender = 'desk'", "a mail address", None),
        ('[mail]\nsender = "a@b.c\\r\\nBcc: x@y.z"', "without control characters", None),
        ("[log]\nfile = ''", "a path in quotes", None),
        ("secret = 'x'", "a secret does not belong into the configuration file", "CLASSBOOK_SECRET"),
        ("[mail\n", "this is not TOML", "Mend"),
        ("a = 1\na = 2\n", "this is not TOML", "Mend"),
    ],
)
def test_what_the_file_may_not_say_stops_the_start(write: Write, text: str, says: str, hint: str | None) -> None:
    path = write(text)
    with pytest.raises(Invalid) as refusal:
        read(path)
    assert refusal.value.detail.startswith(str(path))
    assert says in refusal.value.detail
    assert "\n" not in refusal.value.detail
    assert (hint or "") in str(refusal.value.hint)


def test_a_file_that_is_not_utf_8_is_named_with_its_line(write: Write) -> None:
    with pytest.raises(Invalid, match=r"classbook\.toml, line 2: this is not UTF-8 text"):
        read(write(b"# one\ntimezone = '\xff'\n"))


def test_a_byte_order_mark_is_no_obstacle(write: Write) -> None:
    assert read(write(b"\xef\xbb\xbfcurrency = 'CHF'\n")).currency == "CHF"


def test_a_named_file_must_be_there_and_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read: No such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(Invalid, match="cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "a-file").touch()
    with pytest.raises(Invalid, match="cannot be read: Not a directory"):
        read(tmp_path / "a-file" / "classbook.toml")


@pytest.mark.parametrize(
    "text", ["[mail]\npassword = 'hush-hush'\n", "[database]\nurl = 'postgresql://ana:hush-hush@db/classbook'\n"]
)
def test_a_password_is_refused_in_a_file_that_others_can_read(write: Write, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(write(text, mode=0o640))
    assert "holds a password, and others on this machine may read the file (mode 0640)" in refusal.value.detail
    assert "chmod 600" in str(refusal.value.hint)
    assert "hush-hush" not in refusal.value.detail
    settings = read(write(text, mode=0o600))
    assert "hush-hush" not in repr(settings)
    assert "hush-hush" not in settings.database.shown


def test_a_password_comes_from_the_environment_or_from_its_own_file(tmp_path: Path) -> None:
    assert read(environ={"CLASSBOOK_MAIL_PASSWORD": " hush "}).mail.login_password() == Secret(" hush ")
    (tmp_path / "password").write_text("from a file\n")
    settings = read(environ={"CLASSBOOK_MAIL_PASSWORD_FILE": str(tmp_path / "password")})
    assert settings.mail.login_password() == Secret("from a file")
    settings = read(environ={"CLASSBOOK_MAIL_PASSWORD_FILE": str(tmp_path / "none")})
    with pytest.raises(Invalid, match="mail.password_file .* cannot be read"):
        settings.mail.login_password()
    assert read().mail.login_password() is None


def test_a_secret_comes_from_the_environment_and_is_long_enough() -> None:
    assert read(environ={"CLASSBOOK_SECRET": "s" * 32}).secret == Secret("s" * 32)
    with pytest.raises(Invalid) as refusal:
        read(environ={"CLASSBOOK_SECRET": "swordfish"})
    assert refusal.value.detail.startswith("CLASSBOOK_SECRET: secret must be at least 32 characters")
    assert "swordfish" not in refusal.value.detail


def test_a_bad_variable_and_a_bad_flag_name_themselves() -> None:
    with pytest.raises(Invalid, match="CLASSBOOK_WEB_PORT: web.port must be a whole number"):
        read(environ={"CLASSBOOK_WEB_PORT": "http"})
    with pytest.raises(Invalid, match="--database: database.url must be sqlite:///FILE"):
        read(database__url="x")


def test_a_kind_may_be_reminded_of_at_a_time_of_its_own(write: Write) -> None:
    mail = read(write("[mail]\nreminder_hours = 12\n[mail.reminder_hours_of]\nmatch = 48\nresource = 0\n")).mail
    assert {kind: mail.reminder_hours_for(kind) for kind in KINDS} == {
        "class": 12, "event": 12, "match": 48, "appointment": 12, "resource": 0,
    }  # fmt: skip
    other = read(environ={"CLASSBOOK_MAIL_REMINDER_HOURS_OF_CLASS": "1"}).mail
    assert other.reminder_hours_for("class") == 1


def test_a_refused_database_url_does_not_tell_its_password() -> None:
    with pytest.raises(Invalid) as refusal:
        read(environ={"CLASSBOOK_DATABASE_URL": "mysql://ana:hush@db/x"})
    assert "hush" not in refusal.value.detail


def test_a_variable_is_near_to_what_was_meant_and_to_nothing_else() -> None:
    assert near_variable("CLASSBOOK_WEB_PROT") == "CLASSBOOK_WEB_PORT"
    assert near_variable("CLASSBOOK_FOO") is None


def test_unknown_variables_are_returned_and_not_refused() -> None:
    environ = {"CLASSBOOK_WEB_PROT": "1", "CLASSBOOK_AS": "a@b.c", "CLASSBOOK_TEST_POSTGRES": "off", "OTHER": "x"}
    assert read(environ=environ).unknown_variables == ("CLASSBOOK_WEB_PROT",)
    assert near_variable("CLASSBOOK_WEB_PROT") == "CLASSBOOK_WEB_PORT"


def test_the_file_is_looked_for_here_first_and_then_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    at_home = tmp_path / "home" / ".config" / "classbook" / "classbook.toml"
    at_home.parent.mkdir(parents=True)
    environ = {"HOME": str(tmp_path / "home")}
    assert find_file(environ) is None
    at_home.touch()
    assert find_file(environ) == at_home
    assert find_file({"XDG_CONFIG_HOME": str(tmp_path / "home" / ".config")}) == at_home
    Path("classbook.toml").touch()
    assert find_file(environ) == Path("classbook.toml")


def test_a_relative_database_counts_from_the_file_that_names_it(write: Write) -> None:
    path = write("[database]\nurl = 'sqlite:///data/desk.db'\n")
    assert read(path).database.file == path.parent / "data" / "desk.db"
    assert read(write("[database]\nurl = 'sqlite:///:memory:'\n")).database.file is None
    assert read(environ={"CLASSBOOK_DATABASE_URL": "sqlite:///desk.db"}).database.file == Path("desk.db")
    assert read(environ={"CLASSBOOK_DATABASE_URL": "postgresql:///desk"}).database.file is None


@pytest.mark.parametrize(("tz", "name"), [("Asia/Tokyo", "Asia/Tokyo"), (":Asia/Tokyo", "Asia/Tokyo")])
def test_the_system_zone_is_the_one_the_environment_names(tz: str, name: str) -> None:
    assert system_timezone({"TZ": tz}) == name


@pytest.mark.parametrize("tz", ["", "EST5EDT,M3.2.0,M11.1.0", "../../etc/passwd", "localtime", "x\0y"])
def test_a_zone_that_is_no_name_falls_back(tz: str) -> None:
    assert system_timezone({"TZ": tz}) == system_timezone({})


def test_reading_settings_loads_nothing_heavy() -> None:
    heavy = "{'sqlalchemy', 'pydantic', 'typer', 'rich', 'fastapi', 'alembic'} & set(sys.modules)"
    code = f"import sys, classbook.config as c; c.load(config_path=None, environ={{}}, overrides={{}}); print({heavy})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
