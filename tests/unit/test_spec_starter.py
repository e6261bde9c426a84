"""The names of a first spec."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.resources import ACCOUNT_ID, InvalidNameError, check_service_id
from provision.spec.starter import Starter, account_id, service_id


@pytest.mark.parametrize(
    ("directory", "service"),
    [
        ("orders", "orders"),
        ("My Shop_2", "my-shop-2"),
        ("2024-report", "app-2024-report"),
        ("--", "app"),
        ("", "app"),
        ("Été", "ete"),
        ("x" * 60, "x" * 49),
    ],
)
def test_a_directory_names_the_service(directory: str, service: str) -> None:
    """The name is what a person would have made of it."""
    assert service_id(directory) == service


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_directory_gives_names_that_google_takes(directory: str) -> None:
    """Service and account ids are valid whatever the directory is called."""
    service = service_id(directory)
    assert check_service_id(service) == service
    assert ACCOUNT_ID.fullmatch(account_id(service))


def test_a_marker_that_nothing_fills_is_an_error() -> None:
    """A template that has moved on does not end up in a user's project half filled."""
    starter = Starter(service="orders", project=None, region=None, ingress="all")
    with pytest.raises(InvalidNameError, match="__OTHER__"):
        starter.render("service: __SERVICE__\nother: __OTHER__\n")


def test_members_become_a_list() -> None:
    """One line each, quoted, and no space is left at a line's end."""
    starter = Starter("orders", None, None, "all", invokers=["user:ann@example.com", "allUsers"])
    rendered = starter.render("invokers: __INVOKERS__\n")
    assert rendered == 'invokers:\n  - "user:ann@example.com"\n  - "allUsers"\n'
