"""Sites and services of Russian companies: 1C-Bitrix, quizzes, other CRM systems' own shapes."""

from __future__ import annotations

from traces.intake.senders.sender import (
    BY_VALUE,
    DELIVERY,
    FORM_ID,
    FORM_NAME,
    GENERAL,
    NOISE,
    OWN_NAME,
    SECRET,
    Sender,
)

_SESSION = {"sessid": SECRET, "captcha_*": NOISE, "bxajaxid": NOISE, "ajax_call": NOISE}


def _sale(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}order_prop_*": BY_VALUE,
        f"{prefix}order_description": "message",
        f"{prefix}person_type": NOISE,
        f"{prefix}person_type_old": NOISE,
        f"{prefix}delivery_id": NOISE,
        f"{prefix}pay_system_id": NOISE,
        f"{prefix}buyer_store": NOISE,
        f"{prefix}location_type": NOISE,
        f"{prefix}sessid": SECRET,
    }


RUSSIA = (
    Sender(
        "bitrix_form",
        "1C-Bitrix web form",
        shapes=(("web_form_id",), ("web_form_submit",)),
        places={
            "web_form_id": FORM_ID,
            "web_form_submit": NOISE,
            "web_form_apply": NOISE,
            "form_text_*": BY_VALUE,
            "form_email_*": "email",
            "form_textarea_*": "message",
            "form_url_*": "website",
            "form_password_*": SECRET,
            "form_*": OWN_NAME,
            **_SESSION,
        },
    ),
    Sender(
        "bitrix_feedback",
        "1C-Bitrix feedback",
        shapes=(("params_hash", "user_name"), ("params_hash", "user_email")),
        places={"params_hash": NOISE, "user_name": "name", "user_email": "email", **_SESSION},
    ),
    Sender(
        "bitrix_order",
        "1C-Bitrix order",
        shapes=(("order_prop_*",), ("order/order_prop_*",)),
        places={
            **_sale(""),
            **_sale("order/"),
            "soa-action": NOISE,
            "signedparamsstring": NOISE,
            "via_ajax": NOISE,
            "siteid": NOISE,
            **_SESSION,
        },
    ),
    Sender(
        "bitrix_iblock",
        "1C-Bitrix element form",
        shapes=(("property/name", "property/preview_text"), ("property", "iblock_submit")),
        places={
            "property/name": "name",
            "property/preview_text": "message",
            "property/detail_text": "message",
            "property/*": BY_VALUE,
            "iblock_submit": NOISE,
            "iblock_apply": NOISE,
            **_SESSION,
        },
    ),
    Sender(
        "bitrix_rest",
        "Bitrix24 REST (crm.lead.add)",
        shapes=(("fields/phone/value_type",), ("fields/email/value_type",), ("fields/title", "params")),
        places={
            "fields/title": "title",
            "fields/name": "first_name",
            "fields/last_name": "last_name",
            "fields/second_name": "second_name",
            "fields/company_title": "company",
            "fields/post": "position",
            "fields/comments": "message",
            "fields/web": "website",
            "fields/web/*": NOISE,
            "fields/*_by_id": NOISE,
            "fields/opened": NOISE,
            "fields/status_id": NOISE,
            "fields/*/value_type": NOISE,
            "params/**": NOISE,
            "auth": SECRET,
        },
    ),
    Sender(
        "amocrm",
        "amoCRM",
        shapes=(("leads/add",), ("leads/update",), ("leads/status",), ("contacts/add", "account")),
        places={
            "leads/add/id": DELIVERY,  # a later change of the same lead is another delivery
            "leads/*/name": "deal",
            "leads/*/price": OWN_NAME,
            "leads/*/custom_fields/**": GENERAL,
            "leads/*/custom_fields_values/**": GENERAL,
            "leads/*/tags/name": "tags",
            "leads/**": NOISE,
            "contacts/*/name": "name",
            "contacts/add/id": DELIVERY,
            "contacts/*/custom_fields/**": GENERAL,
            "contacts/**": NOISE,
            "account/**": NOISE,
        },
    ),
    Sender(
        "marquiz",
        "Marquiz",
        shapes=(("quiz/id", "contacts"), ("quiz/id", "answers")),
        places={
            "quiz/id": FORM_ID,
            "quiz/name": FORM_NAME,
            "result/title": "result",
            "result/cost": "cost",
            "raw/**": NOISE,
            "created": NOISE,
            "extra/ip": NOISE,
            "extra/lang": NOISE,
            "extra/cookies/**": NOISE,
        },
    ),
    Sender(
        "yandex_forms",
        "Yandex Forms",
        shapes=(("jsonrpc", "params"),),
        places={"jsonrpc": NOISE, "method": NOISE, "id": NOISE},
    ),
)
