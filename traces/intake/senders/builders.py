"""Form builders of websites: Tilda, and those of WordPress."""

from __future__ import annotations

from typing import Any

from traces.intake.senders.posted import Notes
from traces.intake.senders.sender import (
    BY_VALUE,
    COOKIES,
    DELIVERY,
    FORM_ID,
    FORM_NAME,
    GENERAL,
    NOISE,
    OWN_NAME,
    Sender,
)


def _elementor(tree: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """A form that Elementor's own script sends calls the address of its page `referrer`."""
    if "form_fields" not in tree or "referrer" not in tree:
        return tree
    notes.drop("referrer")
    return {"page_url" if name == "referrer" else name: value for name, value in tree.items()}


def _gravity(tree: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Gravity Forms numbers the parts of a field: 3 of a name is the first, 6 the last; 3 of an address is a city."""
    told: dict[str, Any] = {}
    fields: dict[str, dict[str, Any]] = {}
    for name, value in tree.items():
        field, _, part = name.removeprefix("input_").replace("_", ".").partition(".")
        if field.isdigit() and part.isdigit():
            fields.setdefault(field, {})[part] = value
        else:
            told[name] = value
    for field, parts in fields.items():
        if "1" in parts:  # a name has no first part; the boxes of a choice and the lines of an address have
            told["address" if {"5", "6"} <= set(parts) else field] = list(parts.values())
        else:
            told |= {_GRAVITY_NAME.get(part, f"{field}.{part}"): value for part, value in parts.items()}
    return told


_GRAVITY_NAME = {"2": "prefix", "3": "first_name", "4": "second_name", "6": "last_name", "8": "suffix"}
_TILDA_PAYMENT = {
    "payment/orderid": "order",
    "payment/amount": "total",
    "payment/subtotal": "subtotal",
    "payment/promocode": "promocode",
    "payment/delivery": "delivery",
    "payment/delivery_price": "delivery_price",
    "payment/delivery_fio": "name",
    "payment/delivery_address": "address",
    "payment/delivery_comment": "message",
    "payment/delivery_pickup_id": NOISE,
    "payment/systranid": NOISE,
    "payment/sys": "payment",
    "payment/*": OWN_NAME,
}

# What Elementor calls the page, the browser, the IP address and itself where WordPress speaks another language.
_ELEMENTOR_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("url страницы", ("агент пользователя", "удаленный ip", "удалённый ip", "работает на", "создано с помощью")),
    ("url-адрес страницы", ("user-agent", "удаленный ip-адрес", "удалённый ip-адрес", "при поддержке")),
    ("url сторінки", ("агент користувача", "віддалений ip", "працює на")),
    ("seiten-url", ("benutzer-agent", "remote-ip", "bereitgestellt von", "unterstützt von")),
    ("url de la página", ("agente de usuario", "ip remota", "funciona con", "desarrollado por")),
    ("url da página", ("agente do usuário", "ip remoto", "desenvolvido por")),
    ("url de la page", ("agent utilisateur", "ip distante", "adresse ip distante", "propulsé par")),
    ("url della pagina", ("agente utente", "ip remoto", "offerto da")),
    ("adres url strony", ("agent użytkownika", "zdalny ip", "zdalne ip", "obsługiwane przez")),
    ("sayfa url'si", ("kullanıcı aracısı", "uzak ip", "destekleyen")),
)

# WooCommerce's attribution of orders, as fields of its checkout and as data of an order.
ATTRIBUTION = {
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "utm_campaign",
    "utm_content": "utm_content",
    "utm_term": "utm_term",
    "session_entry": "page_url",
    "referrer": "referrer",
    "*": NOISE,
}

BUILDERS = (
    Sender(
        "tilda",
        "Tilda",
        shapes=(("tranid",), ("tildaspec-formid",), ("tildaspec-*", "form-spec-*")),
        places={
            "tranid": DELIVERY,
            "formid": FORM_ID,
            "formname": FORM_NAME,
            "cookies": COOKIES,
            "tildaspec-cookie": COOKIES,
            "tildaspec-referer": "page_url",
            "referer": "page_url",  # where the form stands
            "tildaspec-formid": FORM_ID,
            "tildaspec-formname": FORM_NAME,
            "tildaspec-*": NOISE,
            "form-spec-*": NOISE,
            "ma_name": "name",
            "ma_email": "email",
            "ma_phone": "phone",
            "ma_*": NOISE,
            **_TILDA_PAYMENT,
        },
        probes=({"test": "test"},),
    ),
    Sender(
        "elementor",
        "Elementor",
        shapes=(
            ("form_id", "form_name", "powered by"),
            ("form_id", "form_name", "page url"),
            ("form_id", "form_name", "remote ip"),
            ("form_id", "form_name", "no label *"),
            *(("form_id", "form_name", page) for page, _ in _ELEMENTOR_WORDS),
            ("fields/*/raw_value",),
            ("form_fields", "form_id"),
        ),
        places={
            "form_id": FORM_ID,
            "form_name": FORM_NAME,
            "page url": "page_url",
            "meta/page url": "page_url",
            "meta/powered by": NOISE,
            "powered by": NOISE,
            "user agent": NOISE,
            "remote ip": NOISE,
            "referer_title": NOISE,
            **{page: "page_url" for page, _ in _ELEMENTOR_WORDS},
            **{word: NOISE for _, others in _ELEMENTOR_WORDS for word in others},
        },
        prepare=_elementor,
    ),
    Sender(
        "cf7",
        "Contact Form 7",
        shapes=(("your-name",), ("your-email",), ("_wpcf7",), ("your-message",)),
        places={"_wpcf7": FORM_ID, "your-subject": "subject", "remote_ip": NOISE, "your-consent": OWN_NAME},
    ),
    Sender(
        "wpforms",
        "WPForms",
        shapes=(("wpforms/fields",), ("wpforms/id",)),
        places={
            "wpforms/id": FORM_ID,
            "wpforms/fields": BY_VALUE,
            "wpforms/fields/first": "first_name",
            "wpforms/fields/middle": "second_name",
            "wpforms/fields/last": "last_name",
            "wpforms/fields/*/first": "first_name",
            "wpforms/fields/*/middle": "second_name",
            "wpforms/fields/*/last": "last_name",
            "wpforms/fields/**": GENERAL,
            "wpforms/**": NOISE,
            "page_title": OWN_NAME,
        },
    ),
    Sender(
        "gravity",
        "Gravity Forms",
        shapes=(("form_id", "source_url"), ("is_starred", "is_read"), ("gform_submit",), ("form_id", "1.3")),
        places={
            "form_id": FORM_ID,
            "id": DELIVERY,
            "source_url": "page_url",
            "is_starred": NOISE,
            "is_read": NOISE,
            "is_fulfilled": NOISE,
            "status": NOISE,
            "currency": NOISE,
            "payment_*": NOISE,
            "transaction_*": NOISE,
            "created_by": NOISE,
            "date_*": NOISE,
            "source_id": NOISE,
            "prefix": OWN_NAME,
        },
        prepare=_gravity,
    ),
    Sender(
        "fluent_forms",
        "Fluent Forms",
        shapes=(("__fluent_form_embded_post_id",), ("_fluentform_*",)),
        places={"_wp_http_referer": NOISE},
    ),
    Sender(
        "forminator",
        "Forminator",
        shapes=(("form_title", "entry_time"), ("form_type", "forminator_nonce"), ("forminator_nonce",)),
        places={"form_title": FORM_NAME, "entry_time": NOISE, "form_type": NOISE, "render_id": NOISE},
    ),
    Sender(
        "ws_form",
        "WS Form",
        shapes=(
            ("label", "section", "group", "value"),
            ("fields/label", "fields/section", "fields/group"),
            ("wsf_form_id",),
        ),
        places={"wsf_form_id": FORM_ID, "wsf_*": NOISE},
    ),
    Sender(
        "ninja_forms",
        "Ninja Forms",
        shapes=(("formdata/settings", "formdata/fields"), ("fields_by_key", "form_id")),
        places={
            "formdata/id": FORM_ID,
            "formdata/settings/**": NOISE,
            "formdata/extra/**": NOISE,
            "security": NOISE,
            "fields/**": GENERAL,
        },
    ),
    Sender(
        "formidable",
        "Formidable Forms",
        shapes=(("item_meta", "form_id"), ("item_meta", "frm_action")),
        places={"item_meta/*": BY_VALUE, "item_key": NOISE, "frm_*": NOISE},
    ),
    Sender(
        "divi",
        "Divi",
        shapes=(("et_pb_contact_*",),),
        places={
            "et_pb_contact_name_*": "name",
            "et_pb_contact_email_*": "email",
            "et_pb_contact_phone_*": "phone",
            "et_pb_contact_message_*": "message",
            "et_pb_contactform_*": NOISE,
            "et_pb_contact_captcha_*": NOISE,
        },
    ),
    Sender(
        "formspree",
        "Formspree",
        shapes=(("_gotcha",), ("_replyto",)),
        places={"_replyto": "email", "_gotcha": NOISE, "_subject": "subject"},
    ),
)
