"""Accounts, logins and clients."""

from __future__ import annotations

from pydantic import Field

from classbook.web.bodies.parts import Body, Short, Text, like


class NewClient(Body):
    email: Short = Field(examples=["ana@example.org"])
    name: Short
    timezone: Text | None = None
    phone: Text | None = None

    model_config = like({"email": "ana@example.org", "name": "Ana Lopes"})


class Signup(Body):
    email: Short
    password: Short
    name: Short

    model_config = like({"email": "ana@example.org", "password": "four words of mine", "name": "Ana Lopes"})


class Verify(Body):
    email: Short
    code: Short = Field(description="The six digits of the mail.", examples=["123456"])
    password: Short | None = Field(None, description="If it is sent, it must be the one of that sign-up.")

    model_config = like({"email": "ana@example.org", "code": "123456"})


class Login(Body):
    email: Short
    password: Short

    model_config = like({"email": "ana@example.org", "password": "four words of mine"})


class Refresh(Body):
    refresh: Text

    model_config = like({"refresh": "the refresh token of the login"})


class Logout(Body):
    refresh: Text | None = Field(None, description="Left out, the login of the access token ends.")

    model_config = like({})


class Password(Body):
    """One of three: ``current_password`` and ``new_password`` with a login; ``email`` to ask for a code; ``email``,
    ``code`` and ``new_password`` to use it."""

    current_password: Short | None = None
    new_password: Short | None = None
    email: Short | None = None
    code: Short | None = Field(None, description="The six digits of the mail.", examples=["123456"])

    model_config = like(
        {"current_password": "what it was", "new_password": "four words of mine"},
        {"email": "ana@example.org"},
        {"email": "ana@example.org", "code": "123456", "new_password": "four words of mine"},
    )


class Anonymise(Body):
    email: Short = Field(
        description="The person's address, so that nobody else is meant.", examples=["ana@example.org"]
    )
