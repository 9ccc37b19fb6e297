"""The documentation tells what the code knows, and every code has its sentence."""

import re

import pytest
from django.conf import settings

from b24app.api import errors, transport
from b24app.api.remedies import REMEDIES
from traces import sentences
from traces.models import Attempt, Kind, ShownState

PAGES = ["README.md", "docs/settings.md", "docs/forms.md", "docs/sources.md", "docs/connect.md"]
DOCUMENTS = "".join((settings.BASE_DIR / page).read_text() for page in PAGES)
SETTINGS = (settings.BASE_DIR / "b24app" / "settings.py").read_text()
SOURCES = [path.read_text() for app in ("b24app", "traces") for path in (settings.BASE_DIR / app).rglob("*.py")]


@pytest.mark.parametrize("name", re.findall(r'env\.\w+\(\s*"(\w+)"', SETTINGS))
def test_each_setting_is_documented_and_in_the_example(name):
    assert f"`{name}`" in DOCUMENTS
    assert name in (settings.BASE_DIR / ".env.example").read_text()


@pytest.mark.parametrize("word", [*ShownState.values, *Kind.values])
def test_each_state_and_kind_is_documented(word):
    assert f"| `{word}` |" in DOCUMENTS


def test_each_outcome_has_a_sentence():
    assert set(sentences.OUTCOMES) == set(Attempt.Outcome.values)


def test_each_repair_has_a_sentence_and_each_sentence_its_repair():
    noted = {code for text in SOURCES for code in re.findall(r'(?:repairs\.append\(|\.note\(|\bNOTE = )"(\w+)"', text)}
    assert noted == set(sentences.REPAIRS)


def test_each_reason_to_stop_has_a_remedy():
    raised = {code for text in SOURCES for code in re.findall(r'Stop\(\s*"(\w+)"', text)}
    by_context = {
        "not_installed",
        "plan",
        "market_subscription",
        "not_allowed",
        "no_rights",
        "no_administrator",
        "forbidden",
    }
    network = set(transport.STOPS) | {"webhook_owner_gone"}
    table = set(errors._STOP.values()) | set(errors._STOP_METHOD.values())
    assert raised | table | by_context | network == set(REMEDIES)


def test_each_code_of_an_error_has_a_sentence():
    # A worker deals with these itself: no row ever has them.
    dealt_with = errors._OTHER_USER | {"invalid_token", "renewing", "error_placement_not_found"}
    kinds = r'(?:Transient|Ambiguous|Refused|Wait)\(\s*"(\w+)"'
    raised = {code for text in SOURCES for code in re.findall(kinds, text)}
    known = set().union(*(codes for codes, _kind in errors._SIMPLE)) | errors._WAIT | set(errors._STOP.values())
    ours = {"error", "refused", "error_core", "access_denied", "spam", "worker_lost", "receipt"}
    told = {*sentences.FAILURES, *sentences.NOTES, *REMEDIES}
    assert (known | raised | ours) - dealt_with - told == set()


@pytest.mark.parametrize("page", [*PAGES, "README.ru.md", "docs/marketplace.md"])
def test_each_link_leads_somewhere(page):
    path = settings.BASE_DIR / page
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", path.read_text()) if "://" not in link]
    assert links and [link for link in links if link and not (path.parent / link).exists()] == []


COMMANDS = [
    path.stem for app in ("b24app", "traces") for path in (settings.BASE_DIR / app).glob("management/commands/*.py")
]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "__init__"])
def test_each_command_is_documented(name):
    assert re.search(rf"`(manage\.py )?{name}\b", DOCUMENTS)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/b24/app/", "/b24/install/", "/in/KEY/"])
def test_each_address_is_documented(path):
    assert path in DOCUMENTS
