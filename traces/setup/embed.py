"""Codes to copy: how a website or a server sends to a form, filled with the form's own key and address.

Shown by templates/traces/forms/_codes.html. They are examples that run as they stand; a visitor's names in them are
those that need no mapping (`traces.compose.visitor`).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traces.compose.submitted import honeypot_of
from traces.models import Form, Kind
from traces.setup import forms

# Stands where the secret goes; the secret itself is known only when it has just been made.
NO_SECRET = "YOUR_SECRET"

SNIPPET = """<script async src="@SCRIPT@"></script>"""

HTML = """\
<form method="post" action="@ADDRESS@">
  <p><label>@NAME@ <input name="name" autocomplete="name" required></label></p>
  <p><label>@PHONE@ <input name="phone" type="tel" autocomplete="tel"></label></p>
  <p><label>@EMAIL@ <input name="email" type="email" autocomplete="email"></label></p>
  <p><label>@MESSAGE@ <textarea name="comments"></textarea></label></p>@HONEYPOT@
  <p><button>@SEND@</button></p>
</form>"""

HONEYPOT_INPUT = """
  <input name="@FIELD@" hidden autocomplete="off" tabindex="-1">"""

CURL = """\
curl "@ADDRESS@" \\
  -H "Authorization: Bearer @SECRET@" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "Ines Moreau", "phone": "+33170000000", "utm_source": "newsletter"@JSON@}'"""

PYTHON = """\
import json
import urllib.request
import uuid

fields = {
    "name": "Ines Moreau",
    "phone": "+33170000000",
    "email": "ines@mail.example",
    "utm_source": "newsletter",@PYTHON@
}
request = urllib.request.Request(
    "@ADDRESS@",
    data=json.dumps(fields).encode(),
    headers={
        "Authorization": "Bearer @SECRET@",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),  # use the same key to repeat this request
    },
)
with urllib.request.urlopen(request, timeout=10) as answer:
    print(json.load(answer))"""

PHP = """\
<?php
$fields = [
    'name' => 'Ines Moreau',
    'phone' => '+33170000000',
    'email' => 'ines@mail.example',
    'utm_source' => 'newsletter',@PHP@
];
$request = curl_init('@ADDRESS@');
curl_setopt_array($request, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
    CURLOPT_HTTPHEADER => [
        'Authorization: Bearer @SECRET@',
        'Content-Type: application/json',
        'Idempotency-Key: ' . bin2hex(random_bytes(16)), // use the same key to repeat this request
    ],
    CURLOPT_POSTFIELDS => json_encode($fields),
]);
echo curl_exec($request);"""

JAVASCRIPT = """\
const fields = {
  name: "Ines Moreau",
  phone: "+33170000000",
  email: "ines@mail.example",
  page_url: location.href,
  referrer: document.referrer,
};
if (window.b24Tracker) fields.TRACE = b24Tracker.guest.getTrace();
fetch("@ADDRESS@", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(fields),
})
  .then((answer) => answer.json())
  .then((answer) => console.log(answer.status));"""

# The records that a form of the kind "link" needs, in each language.
_ENTITIES = {
    "JSON": ', "ENTITIES": [{"TYPE": "LEAD", "ID": 1}]',
    "PYTHON": '\n    "ENTITIES": [{"TYPE": "LEAD", "ID": 1}],',
    "PHP": "\n    'ENTITIES' => [['TYPE' => 'LEAD', 'ID' => 1]],",
}

# Its id, what it is called, what it is for, and the text.
_WEBSITE: tuple[tuple[str, str | Promise, str | Promise, str], ...] = (
    (
        "snippet",
        gettext_lazy("Website"),
        gettext_lazy(
            "Put this line into every page of the site, before </head>. It sends the forms of the page by itself, "
            'each with the visit that led to it. With data-consent="myFunction" in it the visit is collected only '
            'where that function of yours returns true; with data-without-consent="nothing" as well, nothing is sent '
            "before."
        ),
        SNIPPET,
    ),
    (
        "html",
        gettext_lazy("HTML form"),
        gettext_lazy(
            "A form that works without any script. With the line for the website beside it, the visit is sent too."
        ),
        HTML,
    ),
)
_BROWSER = (
    "javascript",
    "JavaScript",
    gettext_lazy("For a page with a script of its own. The secret never belongs into a page: it is not needed here."),
    JAVASCRIPT,
)
_FOR_SERVERS = gettext_lazy("For a server. Keep the secret there; it never belongs into a page.")
_SERVERS = (("curl", "curl", CURL), ("python", "Python", PYTHON), ("php", "PHP", PHP))


@dataclass(frozen=True, slots=True)
class Example:
    """One code: its `id` on the page, its tab's `label`, a sentence `about` it, and the `text` to copy."""

    id: str
    label: str
    about: str
    text: str
    with_secret: bool = False


def examples(form: Form, secret: str = "") -> list[Example]:
    """The codes of a form; `secret` only where it was made just now.

    Codes for a page in a browser are left out where only a server may send.
    """
    values = _values(form, secret)
    servers = [
        Example(name, label, str(_FOR_SERVERS), _fill(text, values), with_secret=True) for name, label, text in _SERVERS
    ]
    if form.creates == Kind.LINK:
        return servers
    *website, browser = [
        Example(name, str(label), str(about), _fill(text, values)) for name, label, about, text in (*_WEBSITE, _BROWSER)
    ]
    return [*website, *servers, browser]


def snippet(form: Form) -> str:
    """The line for the pages of a website."""
    return _fill(SNIPPET, {"SCRIPT": _script(form)})


def _script(form: Form) -> str:
    return f"{settings.APP_URL}/in/{form.key}.js"


def _values(form: Form, secret: str) -> dict[str, str]:
    """What stands in a code's places, by their names."""
    link = form.creates == Kind.LINK
    return {
        "SCRIPT": _script(form),
        "ADDRESS": forms.address(form),
        "SECRET": secret or NO_SECRET,
        "HONEYPOT": HONEYPOT_INPUT.replace("@FIELD@", honeypot_of(form.key)) if form.honeypot else "",
        "NAME": escape(_("Your name")),
        "PHONE": escape(_("Phone")),
        "EMAIL": escape(_("E-mail")),
        "MESSAGE": escape(_("Message")),
        "SEND": escape(_("Send")),
        **{language: text if link else "" for language, text in _ENTITIES.items()},
    }


def _fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
