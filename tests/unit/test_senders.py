"""What senders really post becomes one flat body: each case of `sender_bodies.json`, and what no case tells."""

import base64
from dataclasses import dataclass

import pytest

from tests.fixtures.senders import BODIES
from traces.intake.senders import normalise
from traces.intake.senders.table import SENDERS

pytestmark = pytest.mark.slow  # hundreds of rows

# Their payloads are pinned by the cases; each sender of the table has one.
CLAIMED = {case["expected"]["sender"] for case in BODIES}


@dataclass
class File:
    field: str
    filename: str


def body_of(fields, query=None, headers=None):
    return normalise(fields, query=query or {}, headers=headers or {}).body


@pytest.mark.parametrize("case", BODIES, ids=[case["name"] for case in BODIES])
def test_a_sender_becomes_a_flat_body(case):
    posted = normalise(case["fields"], query=case.get("query", {}), headers=case.get("headers", {}))
    expected = {"delivery_id": "", "is_probe": False, "answer": "", "form_id": "", "form_name": "", **case["expected"]}
    assert {name: getattr(posted, name) for name in expected} == expected


def test_each_sender_of_the_table_has_a_case():
    assert {sender.key for sender in SENDERS} - CLAIMED == set()


def test_keys_and_names_are_used_once():
    keys, names = [sender.key for sender in SENDERS], [sender.name for sender in SENDERS]
    assert (len(set(keys)), len(set(names))) == (len(keys), len(names))


# --- Whose name it is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"form_name": "Callback"},
        {"quiz": {"name": "Fence"}},
        {"product_name": "Oak table"},
        {"productName": "Oak table"},
        {"site_name": "Hub"},
        {"campaign[name]": "May"},
        {"page": {"name": "Main"}},
        {"manager": {"first_name": "Bob"}},
        {"file_name": "plan.pdf"},
        {"event_name": "signed_up"},
        {"username": "kim_1"},
        {"items": [{"name": "Oak table", "quantity": 1}]},
        {"agent": {"name": "Bob"}},
        {"page[first]": "1"},
    ],
)
def test_what_ends_in_name_is_not_always_the_visitors(fields):
    assert {"name", "first_name", "last_name"}.isdisjoint(body_of({**fields, "phone": "+1 555 010 0101"}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"billing_last_name": "Ortiz"}, {"last_name": "Ortiz"}),
        ({"names[last_name]": "Ortiz"}, {"last_name": "Ortiz"}),
        ({"lead[company_name]": "Ortiz LLC"}, {"company": "Ortiz LLC"}),
        ({"name-1-first-name": "Kim"}, {"first_name": "Kim"}),
        ({"contact.phone": "+1 555"}, {"phone": "+1 555"}),
        ({"data__customer__email": "kim@mail.example"}, {"email": "kim@mail.example"}),
        ({"customerName": "Kim Ortiz"}, {"name": "Kim Ortiz"}),
        ({"q3_fullName[first]": "Kim"}, {"first_name": "Kim"}),
        ({"company": {"name": "Ortiz LLC"}}, {"company": "Ortiz LLC"}),
        ({"WORK_EMAIL": "kim@mail.example"}, {"email": "kim@mail.example"}),
        ({"email": "call me"}, {"email": "call me"}),
        ({"a[]": "1", "a[b]": "2"}, {"a": "1", "a b": "2"}),
        ({"a[b]": "2", "a": "1"}, {"a b": "2", "a": "1"}),
        ({"Площадь [м2]": "20"}, {"Площадь [м2]": "20"}),
        ({"": "text"}, {"text": "text"}),
    ],
)
def test_names_are_read_by_their_last_words_and_what_they_stand_under(fields, expected):
    assert body_of(fields) == expected


def test_the_name_of_a_form_stands_beside_its_fields():
    posted = normalise({"name": "Contact us", "data": {"Phone": "+1 555 010 0101"}}, query={}, headers={})
    assert (posted.form_name, posted.body) == ("Contact us", {"phone": "+1 555 010 0101"})


def test_a_persons_name_beside_answers_without_a_contact_stays_the_persons():
    assert body_of({"name": "Kim", "answers": [{"question": "Roof?", "answer": "Flat"}]}) == {
        "name": "Kim",
        "Roof?": "Flat",
    }


def test_who_gets_the_goods_comes_after_who_pays():
    shipping, billing = {"first_name": "Max", "phone": "222"}, {"first_name": "Pia", "phone": "111"}
    assert body_of({"shipping": shipping, "billing": billing}) == {
        "first_name": "Pia",
        "phone": "111",
        "shipping first_name": "Max",
        "shipping phone": "222",
    }
    assert body_of({"shipping": shipping}) == {"first_name": "Max", "phone": "222"}


def test_a_field_of_the_form_itself_is_no_pair():
    form = {"title": "Request", "value": "500", "name": "Kim", "phone": "+1 555 010 0101"}
    assert body_of({"data": form}) == form


# --- Where the visitor came from --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"utmSource": "vk"}, {"utm_source": "vk"}),
        ({"UTM-Source": "vk"}, {"utm_source": "vk"}),
        ({"utm": {"source": "vk", "name": "may"}}, {"utm_source": "vk", "utm_campaign": "may"}),
        ({"utm[medium]": "cpc"}, {"utm_medium": "cpc"}),
        ({"hidden": {"utm_term": "roof"}}, {"utm_term": "roof"}),
        ({"attribution": {"source": "vk", "medium": "cpc"}}, {"utm_source": "vk", "utm_medium": "cpc"}),
        ({"gcl_id": "Cj0"}, {"gclid": "Cj0"}),
        ({"utm_source": "vk", "UTM_SOURCE": "ok"}, {"utm_source": "ok"}),
        ({"utm_source": "{utm_source}", "url": "https://a.example/?utm_source=vk"}, {"utm_source": "vk"}),
        ({"utm_source": "vk", "url": "https://a.example/?utm_source=bing&utm_medium=cpc"}, {"utm_source": "vk"}),
        (
            {"utm_source": "vk", "url": "https://a.example/?utm_source=VK&utm_medium=cpc&yclid=1"},
            {"utm_source": "vk", "utm_medium": "cpc", "yclid": "1"},
        ),
        (
            {"cookies": "__utmz=1.2.3.4.utmcsr=google|utmccn=may|utmcmd=organic|utmctr=(not%20set); a=b"},
            {"utm_source": "google", "utm_medium": "organic", "utm_campaign": "may"},
        ),
    ],
)
def test_tags_are_found_however_they_are_spelled(fields, expected):
    found = {key: text for key, text in body_of(fields).items() if key != "page_url"}
    assert found == expected


@pytest.mark.parametrize(
    ("fields", "page"),
    [
        ({"page": "https://a.example/1"}, "https://a.example/1"),
        ({"page": {"url": "https://a.example/2"}}, "https://a.example/2"),
        ({"extra": {"href": "https://a.example/3"}}, "https://a.example/3"),
        ({"landing_site": "/all?utm_source=vk"}, "/all?utm_source=vk"),
        ({"href": "https://a.example/5", "page_url": "https://a.example/4"}, "https://a.example/4"),
        ({"file": {"url": "https://a.example/plan.pdf"}}, None),
        ({"page": "Main"}, None),
    ],
)
def test_the_page_is_found_under_its_names(fields, page):
    assert body_of(fields).get("page_url") == page


def test_a_second_page_stays():
    assert body_of({"page_url": "https://a.example/", "landing": "https://b.example/"}) == {
        "landing": "https://b.example/",
        "page_url": "https://a.example/",
    }


def test_the_visitors_page_beats_the_referer_and_that_one_the_webhooks_address():
    query = {"utm_source": "webhook", "utm_medium": "webhook", "city": "Oslo"}
    headers = {"Referer": "https://a.example/?utm_source=referer"}
    form = {"phone": "1"}
    assert body_of({**form, "url": "https://a.example/p?utm_source=page"}, query, headers)["utm_source"] == "page"
    assert body_of(form, query, headers) == {
        **form,
        "city": "Oslo",
        "page_url": "https://a.example/?utm_source=referer",
        "utm_source": "referer",
    }
    assert body_of(form, query) == {**form, **query}


# --- What is left out -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *(
            "csrfmiddlewaretoken",
            "_token",
            "g-recaptcha-response",
            "h-captcha-response",
            "form_nonce",
            "sessid",
            "action",
        ),
        *(
            "_wpcf7_unit_tag",
            "submit",
            "user_agent",
            "User Agent",
            "remote_ip",
            "Powered by",
            "PHPSESSID",
            "access_token",
        ),
        *("password", "id", "siteId", "created_at", "cookies"),
    ],
)
def test_noise_and_secrets_are_left_out(name):
    posted = normalise({"phone": "1", name: "planted"}, query={}, headers={})
    assert "planted" not in repr(posted)
    assert name in posted.noise


@pytest.mark.parametrize(
    "name", ["Action", "Telegram ID", "Token ring", "Browser", "website_confirm", "language course"]
)
def test_what_a_person_may_have_asked_is_no_noise(name):
    assert body_of({name: "kept"}) == {name: "kept"}


PLAN = base64.b64encode(bytes(range(256)) * 12).decode()


def test_a_file_in_a_text_leaves_its_size():
    posted = normalise({"plan": PLAN, "name": "Kim"}, query={}, headers={}, files=[File("photo", "a.jpg")])
    assert posted.body == {"plan": "(file, 3 kB)", "name": "Kim", "photo": "a.jpg"}
    assert posted.repairs == ("file_left_out",)


def test_the_products_own_values_stay_as_they_came():
    own = {"TRACE": '{"url":"https://a.example/"}', "ENTITIES": [{"TYPE": "LEAD", "ID": "5"}], "PAGES": [{"URL": "/"}]}
    assert body_of({"data": own, "SOURCE_ID": "WEB"}) == {**own, "SOURCE_ID": "WEB"}


# --- Probes, answers and repeats --------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        *({}, [], {"test": "test"}, {"test": True}, {"webhook_id": "3"}, {"event": "ping"}, {"_wpnonce": "a"}),
        *({"test": True, "message": "ping"}, {"type": "confirmation", "group_id": 1, "v": "5.1"}, {"name": ""}),
    ],
)
def test_a_probe_is_no_submission(fields):
    assert normalise(fields, query={"utm_source": "a"}, headers={"Referer": "https://a.example/"}).is_probe


@pytest.mark.parametrize(
    "fields",
    [{"message": "test"}, {"test": "Blood"}, {"utm_source": "vk"}, {"TRACE": "{}"}, {"test": "test", "phone": "1"}],
)
def test_what_says_anything_is_no_probe(fields):
    assert normalise(fields, query={}, headers={}).is_probe is (fields == {"message": "test"})


def test_a_webhook_whose_fields_stand_in_its_address_is_taken():
    posted = normalise({}, query={"phone": ["", "+1 555 010 0101"], "utm_source": "vk"}, headers={})
    assert (posted.is_probe, posted.body) == (False, {"phone": "+1 555 010 0101", "utm_source": "vk"})


def test_vk_reads_what_its_owner_has_put_into_the_address():
    probe = {"type": "confirmation", "group_id": 1}
    assert normalise(probe, query={"confirmation": "a1b2"}, headers={}).answer == "a1b2"
    assert normalise(probe, query={"confirmation": "<script>"}, headers={}).answer == "ok"


@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        ({"submissionId": "7"}, {}, "sender:submissionId:7"),
        ({}, {"Webhook-Id": "msg_1"}, "sender:webhook-id:msg_1"),
        ({"event_id": "5"}, {}, ""),  # of a concert, the same for all who come
        ({"submission_id": "0"}, {}, ""),
    ],
)
def test_a_delivery_is_known_by_its_id(fields, headers, expected):
    assert normalise({**fields, "phone": "1"}, query={}, headers=headers).delivery_id == expected


def test_a_long_id_is_kept_as_its_hash():
    ids = {normalise({"tranid": "x" * 200 + end}, query={}, headers={}).delivery_id for end in "ab"}
    assert len(ids) == 2 and all(len(one) < 100 for one in ids)
