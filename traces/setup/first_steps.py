"""Where requests come from, and the three steps that lead each sender to a form: a table, and its texts filled in.

A text holds `%(url)s`, the form's address, or `%(snippet)s`, the line for the website. Shown by
templates/traces/forms/_first_steps.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from traces.models import Form, Kind
from traces.setup import embed, forms

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps for one sender; `key` is the sender's (`traces.intake.senders`) where it has one.

    `drawing` is one of `DRAWINGS`; `query` follows the form's address.
    """

    key: str
    label: Text
    drawing: str
    steps: tuple[Text, Text, Text]
    query: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """One answer to the question where requests come from."""

    key: str
    label: Text
    guides: tuple[Guide, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a step; `id` is set where the `text` is there to be copied."""

    text: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class FilledGuide:
    """A guide with a form's own address; `drawing` is a static file, `alt` what it shows."""

    label: Text
    drawing: str
    alt: Text
    steps: list[list[Part]]


@dataclass(frozen=True, slots=True)
class FilledTab:
    """A tab with a form's own address in its guides."""

    key: str
    label: Text
    guides: list[FilledGuide]


# What each drawing shows, by its file in traces/static/traces/steps.
DRAWINGS: dict[str, Text] = {
    "page": _("The source of a page, with the line right before </head>."),
    "settings": _("The website's settings: the menu on the left, the webhook address on the right."),
    "plugin": _("A form editor: the form on the left, the webhook address in the panel on the right."),
    "lead-form": _("A lead form: the webhook address and the key below its questions."),
    "bridge": _("Two boxes: a new lead on the left goes to the webhook on the right."),
    "callback": _("The callback server: the string to return, below its address."),
    "connect": _("A form's integrations: webhooks are one of the tiles, with the address below."),
    "tag": _("A tag: its code at the top, the trigger below."),
    "server": _("A program on a server sends a request to the form's address."),
}

SCRIPT = Guide(
    "script",
    _("Website with our script"),
    "page",
    (
        _("Copy this line: %(snippet)s"),
        _("Add it to every page of the website, before </head>."),
        _("Open the website and submit one of its forms."),
    ),
)
TILDA = Guide(
    "tilda",
    "Tilda",
    "settings",
    (
        _("In Tilda, open Site settings → Forms and choose Webhook."),
        _("Paste %(url)s as the webhook address and click Add."),
        _("Select the webhook in the settings of each form, publish the pages, and submit a form."),
    ),
)
WORDPRESS = (
    Guide(
        "cf7",
        "Contact Form 7",
        "plugin",
        (
            _("In WordPress, install the plugin “CF7 to Webhook” and edit the form under Contact."),
            _("On the Webhook tab, turn the webhook on and paste %(url)s as its address."),
            _("Save, and submit the form on the website."),
        ),
    ),
    Guide(
        "elementor",
        "Elementor",
        "plugin",
        (
            _("Edit the page with Elementor, select the form, and add Webhook under Actions After Submit."),
            _("Open Webhook, paste %(url)s as its address, and turn on Advanced Data."),
            _("Update the page, and submit the form on the website."),
        ),
    ),
    Guide(
        "wpforms",
        "WPForms",
        "plugin",
        (
            _("Install the Webhooks addon under WPForms → Addons and edit the form."),
            _("Under Settings → Webhooks, turn webhooks on and paste %(url)s as the Request URL."),
            _("Choose POST and JSON, add the form's fields to the Request Body, save, and submit the form."),
        ),
    ),
    Guide(
        "gravity",
        "Gravity Forms",
        "plugin",
        (
            _("Install the Webhooks add-on under Forms → Add-Ons, then open the form's Settings → Webhooks."),
            _("Click Add New and paste %(url)s as the Request URL."),
            _("Choose POST, JSON and All Fields, save, and submit the form."),
        ),
    ),
)
WEBFLOW = Guide(
    "webflow",
    "Webflow",
    "settings",
    (
        _("In Webflow, open Site settings → Apps & integrations → Webhooks and click Add webhook."),
        _("Choose Form submission as the trigger and paste %(url)s as the webhook address."),
        _("Add the webhook, publish the website, and submit a form."),
    ),
)
GOOGLE_ADS = Guide(
    "google_ads",
    "Google Ads",
    "lead-form",
    (
        _("In Google Ads, edit the lead form asset and open Export leads → Webhook."),
        _("Paste %(url)s as the Webhook URL and enter any word as the key."),
        _("Click Send test data, then save the asset."),
    ),
)
META = Guide(
    "meta",
    "Meta (Facebook, Instagram)",
    "bridge",
    (
        _("In Zapier or Make, start with the trigger Facebook Lead Ads → New Lead and choose your page and form."),
        _("Add the action Webhooks (Zapier) or HTTP (Make), choose POST and JSON, and paste %(url)s as the address."),
        _("Map the lead's name, phone and email, send a test, and turn it on."),
    ),
)
VK = Guide(
    "vk",
    _("VK"),
    "callback",
    (
        _("In the community, open Manage → API usage → Callback API and copy the string that the server must return."),
        _("Paste %(url)s as the address, replace CODE with that string, and click Confirm."),
        _("Under Event types, select new leads of lead forms, then submit a lead form."),
    ),
    query="?confirmation=CODE",
)
MARQUIZ = Guide(
    "marquiz",
    "Marquiz",
    "connect",
    (
        _("In Marquiz, open the quiz, then Integrations → Webhooks."),
        _("Paste %(url)s as the webhook address and save."),
        _("Publish the quiz and answer it once."),
    ),
)
TYPEFORM = Guide(
    "typeform",
    "Typeform",
    "connect",
    (
        _("In Typeform, open the form, then Connect → Webhooks, and click Add a webhook."),
        _("Paste %(url)s as the endpoint and save."),
        _("Turn the webhook on and send a test request."),
    ),
)
JOTFORM = Guide(
    "jotform",
    "Jotform",
    "connect",
    (
        _("In Jotform, open the form's Settings → Integrations and choose Webhooks."),
        _("Paste %(url)s and click Complete Integration."),
        _("Fill in the form once."),
    ),
)
TAG_MANAGER = Guide(
    "tag_manager",
    "Google Tag Manager",
    "tag",
    (
        _("In Tag Manager, create a new tag of the type Custom HTML."),
        _("Paste this line as its code: %(snippet)s"),
        _("Choose All Pages as the trigger, publish, and submit a form on the website."),
    ),
)
SERVER = Guide(
    "server",
    _("Your own server"),
    "server",
    (
        _("Copy the code for your language from “Ready-made code” below."),
        _("Send each request by POST to %(url)s, as JSON or as form fields."),
        _("Run the code once. The response contains the ID of the stored submission."),
    ),
)

TABS = (
    *(Tab(guide.key, guide.label, (guide,)) for guide in (SCRIPT, TILDA)),
    Tab("wordpress", "WordPress", WORDPRESS),
    *(Tab(guide.key, guide.label, (guide,)) for guide in (WEBFLOW, GOOGLE_ADS, META, VK, MARQUIZ, TYPEFORM, JOTFORM)),
    *(Tab(guide.key, guide.label, (guide,)) for guide in (TAG_MANAGER, SERVER)),
)
_PLACE = re.compile(r"%\((url|snippet)\)s")


def tabs(form: Form) -> list[FilledTab]:
    """The tabs of a form, with its own address; of one that only a server may send to, the server's alone."""
    shown = [tab for tab in TABS if form.creates != Kind.LINK or tab.key == SERVER.key]
    values = {"url": forms.address(form), "snippet": embed.snippet(form)}
    return [FilledTab(tab.key, tab.label, [_filled(guide, values) for guide in tab.guides]) for tab in shown]


def _filled(guide: Guide, values: dict[str, str]) -> FilledGuide:
    own = values | {"url": values["url"] + guide.query}
    steps = [_parts(str(step), own, f"copy-{guide.key}-{number}") for number, step in enumerate(guide.steps)]
    return FilledGuide(guide.label, f"traces/steps/{guide.drawing}.svg", DRAWINGS[guide.drawing], steps)


def _parts(step: str, values: dict[str, str], id_: str) -> list[Part]:
    """A step cut at its place, which is to be copied: every second piece is the name of one."""
    pieces = enumerate(_PLACE.split(step))
    parts = [Part(values[piece], id_) if number % 2 else Part(piece) for number, piece in pieces]
    return [part for part in parts if part.text]
