"""A form's public address: what is taken, what is refused, and in which words."""

import json
import threading

import pytest
from django.db import connections
from django.test import Client

from tests.fixtures.forms import SECRET
from traces.intake import accept
from traces.models import Form, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]
BEARER = {"Authorization": f"Bearer {SECRET}"}


def test_a_submission_is_stored_and_answered_with_its_id(post, form, woken):
    answer = post({"TRACE": "{}", "NAME": "Ines"})
    row = Submission.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"id": str(row.pk), "status": "queued"})
    assert (row.body, row.portal_id, woken) == ({"TRACE": "{}", "NAME": "Ines"}, form.portal_id, [form.portal_id])


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_form_data_is_taken(client, form, kind):
    data = {"NAME": "Инес", "utm_source": "google"}
    if kind == "multipart/form-data":
        answer = client.post(f"/in/{form.key}/", data)
    else:
        answer = client.post(f"/in/{form.key}/", "NAME=%D0%98%D0%BD%D0%B5%D1%81&utm_source=google", content_type=kind)
    assert answer.status_code == 202
    assert Submission.objects.get().body == data


def test_a_browser_without_script_is_sent_to_a_page(client, form):
    answer = client.post(f"/in/{form.key}/", {"NAME": "x"}, headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer["Location"]) == (303, f"/in/{form.key}/thanks/")
    assert client.get(answer["Location"]).status_code == 200


def test_a_forms_own_thank_you_page_is_used(client, form):
    Form.objects.update(thank_you_url="https://shop.example/thanks")
    answer = client.post(f"/in/{form.key}/", {"NAME": "x"}, headers={"Accept": "text/html"})
    assert answer["Location"] == "https://shop.example/thanks"


@pytest.mark.django_db(transaction=True)
def test_the_same_request_again_is_the_same_submission(post, woken):
    first = post({"a": 1}, **{"Idempotency-Key": "k1"})
    second = post({"a": 1}, **{"Idempotency-Key": "k1"})
    assert (second.status_code, second.json()["id"], len(woken)) == (200, first.json()["id"], 1)
    assert Submission.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_with_another_body_is_refused(post):
    post({"a": 1}, **{"Idempotency-Key": "k1"})
    assert post({"a": 2}, **{"Idempotency-Key": "k1"}).status_code == 409


def test_without_a_key_every_request_is_a_submission(post):
    post({"a": 1})
    post({"a": 1})
    assert Submission.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_equal_requests_at_once_are_one_submission(form):
    statuses = []

    def send():
        headers = {"Idempotency-Key": "k"}
        answer = Client().post(f"/in/{form.key}/", {"a": 1}, content_type="application/json", headers=headers)
        statuses.append(answer.status_code)
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 200, 200, 202]
    assert Submission.objects.count() == 1


DEEP = '{"a":' * 2000 + "1" + "}" * 2000


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("not json", "application/json", 400, "unreadable_body"),
        (" ", "application/json", 400, "unreadable_body"),
        ("[]", "application/json", 400, "unreadable_body"),
        ('{"a": NaN}', "application/json", 400, "unreadable_body"),
        (b"\xff\xfe{", "application/json", 400, "unreadable_body"),
        (DEEP, "application/json", 422, "too_complex"),
        (json.dumps({"a": [0] * 1001}), "application/json", 422, "too_complex"),
        ("x" * 65537, "application/json", 413, "too_large"),
        ("a=" + "x" * 65537, "application/x-www-form-urlencoded", 413, "too_large"),
        ("&".join(f"a{n}=1" for n in range(300)), "application/x-www-form-urlencoded", 422, "too_complex"),
        ("x", "text/plain", 415, "unknown_content_type"),
        ("x", "multipart/form-data", 400, "unreadable_body"),
    ],
)
def test_what_cannot_be_taken_is_a_clear_problem(post, body, content_type, status, code):
    answer = post(body, content_type)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == (code, status)
    assert not Submission.objects.exists()


def test_an_unknown_form_is_a_problem_too(client, db):
    answer = client.post("/in/nothing/", "{}", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_file_is_refused(client, form):
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = client.post(f"/in/{form.key}/", {"cv": SimpleUploadedFile("cv.pdf", b"x")})
    assert answer.status_code == 415


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_other_methods_are_refused(client, form, method):
    assert getattr(client, method)(f"/in/{form.key}/").status_code == 405


@pytest.mark.parametrize("text", ["a\0b", "half \ud800 pair", "\U0001f600", "1" * 5000])
def test_any_text_can_be_stored(post, text):
    assert post(json.dumps({"NAME": text})).status_code == 202


def test_characters_that_cannot_be_stored_are_told(post):
    post('{"NAME": "a\\u0000b"}')
    assert Submission.objects.get().repairs == ["characters_replaced"]


def test_numbers_of_any_size_can_be_stored(post):
    assert post('{"a": %s, "b": 1e300}' % ("9" * 400)).status_code == 202


@pytest.mark.parametrize("trace", ["not json", "[]", "42", {"url": ["x"]}])
def test_an_unreadable_trace_does_not_cost_the_submission(post, trace):
    assert post({"TRACE": trace, "utm_source": "google"}).status_code == 202
    assert Submission.objects.get().repairs


def test_a_page_that_may_not_send_is_refused(post):
    Form.objects.update(origins=["https://shop.example"])
    answer = post({}, Origin="https://evil.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


def test_a_page_that_may_send_can_read_the_answer(post):
    Form.objects.update(origins=["https://shop.example"])
    answer = post({}, Origin="https://shop.example")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (202, "https://shop.example")


def test_a_browser_may_ask_before_it_sends(client, form):
    answer = client.options(f"/in/{form.key}/", headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer["Access-Control-Allow-Methods"]) == (204, "POST")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [({}, 403), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Basic x"}, 401), (BEARER, 202)],
)
def test_records_are_named_with_the_secret_only(post, authorization, status):
    assert post({"ENTITIES": [{"TYPE": "LEAD", "ID": 1}]}, **authorization).status_code == status


@pytest.mark.parametrize(
    "entities",
    ["x", [], [{}], [{"TYPE": "lead", "ID": 1}], [{"TYPE": "LEAD", "ID": 0}], [{"TYPE": "LEAD", "ID": "1.5"}], None],
)
def test_records_that_the_portal_would_refuse_are_refused_at_once(post, entities):
    Form.objects.update(creates="link")
    assert post({"ENTITIES": entities}, **BEARER).status_code == 422


def test_a_link_needs_its_records(post):
    Form.objects.update(creates="link")
    assert post({"TRACE": "{}"}, **BEARER).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_taking_a_submission_costs_two_statements(post, django_assert_num_queries):
    with django_assert_num_queries(2):  # the form, and one insert that commits by itself
        post({"a": 1}, **{"Idempotency-Key": "k"})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", '{"a":"%s"}'),
        ("application/x-www-form-urlencoded", "a=%s"),
        ("multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n%s\r\n--x--\r\n'),
    ],
)
@pytest.mark.parametrize(("more", "status"), [(0, 202), (1, 413)])
def test_a_body_has_64_kib_and_not_one_byte_more(post, kind, body, more, status):
    text = body % ("x" * (accept.MAX_BODY_BYTES - len(body) + 2 + more))
    assert (len(text), post(text, kind).status_code) == (accept.MAX_BODY_BYTES + more, status)


def multipart(boundary):
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{boundary}--\r\n'
    return body, f"multipart/form-data; boundary={boundary}"


@pytest.mark.django_db(transaction=True)
def test_the_same_form_data_sent_again_is_the_same_submission(post):
    answers = [post(*multipart(boundary), **{"Idempotency-Key": "k"}) for boundary in ("one", "two")]
    assert [answer.status_code for answer in answers] == [202, 200]


def test_a_file_input_that_was_left_empty_costs_nothing(post):
    head = 'Content-Disposition: form-data; name="cv"; filename=""\r\nContent-Type: application/octet-stream'
    assert post(f"--x\r\n{head}\r\n\r\n\r\n--x--\r\n", "multipart/form-data; boundary=x").status_code == 202


def test_form_data_in_another_encoding_is_a_clear_problem(post):
    answer = post("NAME=%C8%ED", "application/x-www-form-urlencoded; charset=windows-1251")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("key", ["a%00b", "%0A", "a" * 300])
def test_no_address_of_a_form_is_too_strange(client, db, key):
    assert client.post(f"/in/{key}/", "{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize("body", ["not json", "x" * 65537])
def test_a_pages_script_can_read_why_it_was_refused(post, body):
    answer = post(body, Origin="https://shop.example")
    assert answer.status_code in {400, 413}
    assert answer["Access-Control-Allow-Origin"] == "https://shop.example"


def test_a_page_that_may_not_send_reads_nothing(post):
    Form.objects.update(origins=["https://shop.example"])
    assert "Access-Control-Allow-Origin" not in post({}, Origin="https://evil.example").headers


def test_a_browser_is_never_offered_the_secret(client, form):
    answer = client.options(f"/in/{form.key}/", headers={"Origin": "https://shop.example"})
    assert "Authorization" not in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_an_inactive_form_takes_nothing(post):
    Form.objects.update(active=False)
    assert post({}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_different_requests_with_one_key_at_once_one_is_taken(form):
    statuses = []

    def send(number):
        headers = {"Idempotency-Key": "k"}
        answer = Client().post(f"/in/{form.key}/", {"a": number}, content_type="application/json", headers=headers)
        statuses.append(answer.status_code)
        connections.close_all()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [202, 409, 409]
    assert Submission.objects.count() == 1
