"""Lead forms of advertising systems."""

from __future__ import annotations

from typing import Any

from traces.intake.senders.posted import Notes
from traces.intake.senders.sender import DELIVERY, FORM_ID, FORM_NAME, NOISE, OWN_NAME, PROBE, SECRET, Sender


def _without_data(tree: dict[str, Any], notes: Notes) -> dict[str, Any]:
    notes.note("lead_without_data")
    return tree


ADS = (
    Sender(
        "google_ads",
        "Google Ads",
        shapes=(("user_column_data",),),
        places={
            "lead_id": DELIVERY,
            "google_key": SECRET,
            "form_id": FORM_ID,
            "is_test": PROBE,
            "api_version": NOISE,
            "campaign_id": NOISE,
            "adgroup_id": NOISE,
            "creative_id": NOISE,
            "asset_group_id": NOISE,
            "lead_stage": NOISE,
            "lead_submit_time": NOISE,
        },
    ),
    Sender(
        "meta",
        "Meta (Facebook, Instagram)",
        shapes=(
            ("field_data/name", "field_data/values"),
            ("leadgen_id", "field_data"),
            ("entry/changes/value/field_data",),
            ("form_id", "adset_name", "is_organic"),  # by Zapier and others, each field under its own name
            ("form_id", "adset_id", "ad_name"),
            ("formid", "adsetname", "adname"),
            ("formid", "createdtime", "leadid"),
        ),
        places={
            "id": DELIVERY,
            "leadgen_id": DELIVERY,
            "form_id": FORM_ID,
            "form_name": FORM_NAME,
            "campaign_name": OWN_NAME,
            "adset_name": OWN_NAME,
            "ad_name": OWN_NAME,
            "leadid": DELIVERY,
            "object": NOISE,
            "entry/changes/field": NOISE,
            "entry/*": NOISE,
            "entry/changes/value/leadgen_id": DELIVERY,
            "entry/changes/value/form_id": FORM_ID,
            "is_organic": NOISE,
            "isorganic": NOISE,
            "inbox_url": NOISE,
            "lead_status": NOISE,
            "*_id": NOISE,
        },
    ),
    Sender(
        "meta_event",
        "Meta, the event without the lead's fields",
        shapes=(("entry/changes/value/leadgen_id",),),
        # The lead's number is all that comes: it is shown, so that somebody may look it up.
        places={"entry/changes/*/form_id": FORM_ID, "entry/changes/*/leadgen_id": "leadgen_id", "**": NOISE},
        prepare=_without_data,
    ),
    Sender(
        "tiktok",
        "TikTok",
        shapes=(
            ("entry/changes/field", "entry/lead_id"),
            ("entry/lead_id", "entry/changes"),
            ("lead_data/field_list",),
            ("lead_id", "advertiser_id", "page_id"),
        ),
        places={
            "entry/lead_id": DELIVERY,
            "request_id": DELIVERY,
            "lead_id": DELIVERY,
            "advertiser_id": NOISE,
            "create_time": NOISE,
            "code": NOISE,
            "object": NOISE,
            "time": NOISE,
            "entry/*_id": NOISE,
            "entry/*_time": NOISE,
        },
        probes=({"event": "tiktok.ping", "client_key": "*"},),
    ),
    Sender(
        "vk",
        "VK",
        shapes=(("type", "object/lead_id"), ("type", "object/answers", "group_id")),
        places={
            "event_id": DELIVERY,
            "object/lead_id": DELIVERY,
            "object/form_id": FORM_ID,
            "object/form_name": FORM_NAME,
            "secret": SECRET,
            "type": NOISE,
            "group_id": NOISE,
            "v": NOISE,
            "object/*_id": NOISE,
        },
        probes=({"type": "confirmation", "group_id": "*"},),
        answer="ok",
        probe_answer_parameter="confirmation",
    ),
)
