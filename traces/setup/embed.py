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
from traces.models import Captcha, Form, Kind
from traces.setup import forms

# Stands where the secret goes; the secret itself is known only when it has just been made.
NO_SECRET = "YOUR_SECRET"

SNIPPET = """<script async src="@SCRIPT@"></script>"""

HTML = """\
<form method="post" action="@ADDRESS@">
  <p><label>@NAME@ <input name="name" autocomplete="name" required></label></p>
  <p><label>@PHONE@ <input name="phone" type="tel" autocomplete="tel"></label></p>
  <p><label>@EMAIL@ <input name="email" type="email" autocomplete="email"></label></p>
  <p><label>@MESSAGE@ <textarea name="comments"></textarea></label></p>@HONEYPOT@@CAPTCHA@
  <p><button>@SEND@</button></p>
</form>"""

HONEYPOT_INPUT = """
  <input name="@FIELD@" hidden autocomplete="off" tabindex="-1">"""

# What a provider's own script fills in. Version 3 of reCAPTCHA needs the line for the website.
CAPTCHA_INPUTS = {
    Captcha.TURNSTILE: ("https://challenges.cloudflare.com/turnstile/v0/api.js", "cf-turnstile"),
    Captcha.HCAPTCHA: ("https://js.hcaptcha.com/1/api.js", "h-captcha"),
    Captcha.RECAPTCHA: ("https://www.google.com/recaptcha/api.js", "g-recaptcha"),
}
CAPTCHA_INPUT = """
  <script src="@LIBRARY@" async defer></script>
  <div class="@CLASS@" data-sitekey="@SITE_KEY@"></div>"""

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
            "Add this line to every page of the website, before </head>. It submits the forms of the "
            'page automatically, each with the visit that led to it. With data-consent="myFunction", the '
            'visit is collected only if your function returns true; with data-without-consent="nothing" '
            "as well, nothing is sent before that."
        ),
        SNIPPET,
    ),
    (
        "html",
        gettext_lazy("HTML form"),
        gettext_lazy(
            "A form that works without scripts. If the page also has the line for the website, the visit is sent too."
        ),
        HTML,
    ),
)
_BROWSER = (
    "javascript",
    "JavaScript",
    gettext_lazy("For a page with its own script. Never put the secret in a web page; you don't need it here."),
    JAVASCRIPT,
)
_FOR_SERVERS = gettext_lazy("For a server. Keep the secret there; never put it in a web page.")
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
        "CAPTCHA": _captcha(form),
        "NAME": escape(_("Your name")),
        "PHONE": escape(_("Phone")),
        "EMAIL": escape(_("Email")),
        "MESSAGE": escape(_("Message")),
        "SEND": escape(_("Send")),
        **{language: text if link else "" for language, text in _ENTITIES.items()},
    }


def _captcha(form: Form) -> str:
    if not (parts := CAPTCHA_INPUTS.get(Captcha(form.captcha))):
        return ""
    return _fill(CAPTCHA_INPUT, {"LIBRARY": parts[0], "CLASS": parts[1], "SITE_KEY": escape(form.captcha_site_key)})


def _fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
