"""Rules that every template keeps."""

import re
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import Environment

from domain.approvals.models import ApprovalState
from domain.campaigns.models import CampaignStatus
from domain.content.models import ArticleState
from domain.issues.models import IssueState
from domain.ledger.states import DeliveryState, LeftOut
from domain.subscribers.models import Consent, Deliverability
from portal import settings
from portal.states import TABLE
from tests.portal.quick import application

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "portal/templates").rglob("*.html"))
SPRITE = ROOT / "portal/static/vendor/icons.svg"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The one of an application that visits no database."""
    instance = tmp_path_factory.mktemp("templates")
    return application(settings.load({"INSTANCE": str(instance), "DEMO": "0"})).jinja_env


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "portal/templates")))
def test_template_compiles_and_keeps_the_policy(environment: Environment, path: Path) -> None:
    environment.get_template(str(path.relative_to(ROOT / "portal/templates")))
    text = path.read_text()
    assert not re.search(r"\sstyle=", text), "the policy allows no style attribute"
    assert not re.search(r"<style|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", text), (
        "no inline script or style"
    )
    assert not re.search(r"(src|href)=[\"'](https?:)?//", text), "nothing comes from another host"
    assert "|safe" not in text.replace(" ", "") or path.name in {"_flash.html"}, (
        "people's HTML is never marked safe"
    )


def test_forms_that_write_carry_the_token() -> None:
    for path in TEMPLATES:
        text = path.read_text()
        for form in re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", text, re.S | re.I):
            assert re.search(
                r"csrf\(|csrf_token|hidden_tag|PUBLIC_FORM|form_token|include|<form[^>]*data-public", form
            ), (path, form[:200])


def test_every_icon_stands_in_the_sprite() -> None:
    known = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))
    used = {
        name
        for path in TEMPLATES
        for name in re.findall(r"\bicon\(\s*['\"]([a-z0-9-]+)['\"]", path.read_text())
    } | {icon for kinds in TABLE.values() for _, _, icon in kinds.values()}
    assert used <= known, sorted(used - known)


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("article", ArticleState),
        ("issue", IssueState),
        ("campaign", CampaignStatus),
        ("delivery", DeliveryState),
        ("left_out", LeftOut),
        ("subscription", Consent),
        ("deliverability", Deliverability),
        ("approval", ApprovalState),
    ],
)
def test_every_state_has_a_word(kind: str, states: type[StrEnum]) -> None:
    assert set(states) <= set(TABLE[kind])
