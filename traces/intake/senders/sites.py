"""Site builders, and the marketing systems that forward their forms' data."""

from __future__ import annotations

from traces.intake.senders.sender import DELIVERY, FORM_ID, FORM_NAME, GENERAL, NOISE, OWN_NAME, Sender

_WEBFLOW = {
    "triggertype": NOISE,
    "payload/name": FORM_NAME,
    "payload/id": DELIVERY,
    "payload/formid": FORM_ID,
    "payload/schema/**": NOISE,
    "payload/data/**": GENERAL,
    "payload/publishedpath": "page_url",
    "payload/pageurl": "page_url",
    "payload/**": NOISE,
}

SITES = (
    Sender(
        "webflow",
        "Webflow",
        headers=("x-webflow-",),
        shapes=(("triggertype", "payload/data"), ("name", "site", "data", "d")),
        places={
            **_WEBFLOW,
            "name": FORM_NAME,
            "site": NOISE,
            "d": NOISE,
            "_id": DELIVERY,
        },
    ),
    Sender(
        "wix",
        "Wix",
        shapes=(("data/submissions", "data/formname"), ("data/submissiontime",), ("data/field:*",)),
        places={
            "data/formname": FORM_NAME,
            "data/formid": FORM_ID,
            "data/submissionid": DELIVERY,
            "data/submissionslink": NOISE,
            "data/submissionpdf/**": NOISE,
            "data/context/**": NOISE,
            "data/contact/*/tag": NOISE,
            "data/formfieldmask": NOISE,
        },
    ),
    Sender(
        "squarespace",
        "Squarespace",
        shapes=(("submitted on", "email address"), ("submitted on", "name"), ("websiteid", "topic", "data/orderid")),
        places={"submitted on": NOISE, "websiteid": NOISE, "topic": NOISE, "data/orderid": "order"},
    ),
    # By the field names that a public receiver of its webhooks reads; Weblium documents none.
    Sender(
        "weblium",
        "Weblium",
        shapes=(("form_name", "referer", "time", "fields/*/title"),),
        places={"form_name": FORM_NAME, "referer": "page_url", "time": NOISE},
    ),
    Sender(
        "netlify",
        "Netlify Forms",
        shapes=(("ordered_human_fields", "form_name"), ("payload/ordered_human_fields",)),
        places={
            "form_id": FORM_ID,
            "form_name": FORM_NAME,
            "id": DELIVERY,
            "data/referrer": "page_url",
            "data/ip": NOISE,
            "data/user_agent": NOISE,
            "data/**": GENERAL,
            "ordered_human_fields/**": GENERAL,
            "**": NOISE,
        },
    ),
    Sender(
        "unbounce",
        "Unbounce",
        shapes=(("data/json", "page_name"), ("data/json", "page_id"), ("data/json", "page_url")),
        places={"page_uuid": NOISE, "variant": NOISE, "data/json/ip_address": NOISE, "data/xml": NOISE},
    ),
)

MARKETING = (
    Sender(
        "activecampaign",
        "ActiveCampaign",
        shapes=(("initiated_from", "contact/email"), ("initiated_by", "contact/email")),
        places={
            "type": NOISE,
            "date_time": NOISE,
            "initiated_*": NOISE,
            "list": NOISE,
            "list/**": NOISE,
            "contact/ip4": NOISE,
            "contact/ip": NOISE,
            "contact/orgname": "company",
            "contact/customer_acct_name": "company",
            "contact/**": GENERAL,
        },
    ),
    Sender(
        "hubspot",
        "HubSpot",
        shapes=(
            ("vid", "properties"),
            ("portal-id", "properties"),
            ("form-submissions", "properties"),
            ("properties/hs_object_id",),
        ),
        places={
            "form-submissions/page-url": "page_url",
            "form-submissions/title": FORM_NAME,
            "form-submissions/form-id": FORM_ID,
            "associated-company/properties/name": "company",
            "properties/hs_*": NOISE,
            "properties/num_*": NOISE,
            "properties/recent_*": NOISE,
            "properties/first_conversion_*": NOISE,
            "properties/hubspot_*": NOISE,
            "properties/createdate": NOISE,
            "properties/lastmodifieddate": NOISE,
            "properties/lifecyclestage": NOISE,
            "properties/associatedcompany*": NOISE,
            "properties/currentlyinworkflow": NOISE,
            "properties/**": GENERAL,
            "**": NOISE,
        },
    ),
    Sender(
        "calendly",
        "Calendly",
        shapes=(("payload/questions_and_answers",), ("payload/scheduled_event",)),
        places={
            "event": NOISE,
            "payload/text_reminder_number": "phone",
            "payload/scheduled_event/name": "appointment",
            "payload/scheduled_event/start_time": "start_time",
            "payload/scheduled_event/location/join_url": NOISE,
            "payload/scheduled_event/location/location": "location",
            "payload/scheduled_event/**": NOISE,
            "payload/questions_and_answers/**": GENERAL,
            "payload/tracking/**": GENERAL,
            "payload/name": "name",
            "payload/first_name": "first_name",
            "payload/last_name": "last_name",
            "payload/email": "email",
            # Version 1 of its webhooks.
            "payload/invitee/text_reminder_number": "phone",
            "payload/event_type/name": "appointment",
            "payload/event/start_time": "start_time",
            "payload/event/location": "location",
            **{f"payload/invitee/{name}": name for name in ("name", "first_name", "last_name", "email")},
            "payload/timezone": OWN_NAME,
            "**": NOISE,
        },
    ),
    Sender(
        "mailchimp",
        "Mailchimp",
        shapes=(("type", "fired_at", "data/*"),),
        places={
            "type": NOISE,
            "fired_at": NOISE,
            "data/merges/groupings/**": NOISE,
            "data/merges/**": GENERAL,
            "data/email": "email",
            "data/*": NOISE,
        },
    ),
)
