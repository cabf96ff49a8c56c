"""The documentation of the API in a real browser: an operation with its examples."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import House, Windows


def test_an_operation_shows_what_it_answers_and_how_it_refuses(house: House, window: Windows) -> None:
    page = window(viewport={"width": 1200, "height": 1400})
    page.goto("/api/docs/")
    operation = page.locator("#operations-classes-reserve_class")
    operation.get_by_role("button").first.click()
    granted = operation.locator("tr.response[data-code='201']")
    expect(granted).to_contain_text('"state": "held"')
    expect(granted).to_contain_text('"title": "Evening yoga"')
    refused = operation.locator("tr.response[data-code='409']")
    expect(refused).to_contain_text('"code": "already_reserved"')
    refused.get_by_role("combobox").last.select_option("sold_out")
    expect(refused).to_contain_text('"detail": "Evening yoga is sold out."')
