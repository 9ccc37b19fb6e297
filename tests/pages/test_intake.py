"""A form's public address: what is taken, what is refused, and in which words."""

import json
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from tests.fixtures.forms import SECRET
from traces.history.explanation import explain
from traces.intake.reading import MAX_BODY_BYTES
from traces.models import Form, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]
BEARER = {"Authorization": f"Bearer {SECRET}"}


def test_a_submission_is_stored_and_answered_with_its_id(post, form, woken):
    answer = post({"TRACE": "{}", "name": "Ines"})
    row = Submission.objects.get()
    assert (answer.status_code, answer.json()) == (200, {"id": str(row.pk), "status": "queued"})
    assert (row.body, row.portal_id, woken) == ({"TRACE": "{}", "name": "Ines"}, form.portal_id, [form.portal_id])


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_form_data_is_taken(client, form, kind):
    data = {"name": "Инес", "utm_source": "google"}
    if kind == "multipart/form-data":
        answer = client.post(f"/in/{form.key}/", data)
    else:
        answer = client.post(f"/in/{form.key}/", "name=%D0%98%D0%BD%D0%B5%D1%81&utm_source=google", content_type=kind)
    assert answer.status_code == 200
    assert Submission.objects.get().body == data


@pytest.mark.parametrize("charset", ["utf-16", "windows-1251", "nonsense"])
def test_the_query_is_read_whatever_charset_the_body_declares(client, form, charset):
    address = f"/in/{form.key}/?utm_source=%D1%8F%ed%a0%80&" + "a=b&" * 150
    answer = client.generic("POST", address, b'{"name":1}', f"application/json; charset={charset}")
    assert answer.status_code == 200
    assert Submission.objects.get().body["utm_source"].startswith("я")


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
    assert sorted(statuses) == [200, 200, 200, 200]
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (json.dumps({"a": list(range(5001))}), "application/json", 422, "too_complex"),
        ("x" * (MAX_BODY_BYTES + 1), "application/json", 413, "too_large"),
        ("a=" + "x" * MAX_BODY_BYTES, "application/x-www-form-urlencoded", 413, "too_large"),
        ("&".join(f"a{n}=1" for n in range(1001)), "application/x-www-form-urlencoded", 422, "too_complex"),
    ],
)
def test_too_much_is_a_clear_problem(post, body, content_type, status, code):
    answer = post(body, content_type)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == (code, status)
    assert not Submission.objects.exists()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", "", "image/png"])
def test_a_text_of_any_type_is_a_message(post, kind):
    assert post("Please call me at noon", kind).status_code == 200
    assert Submission.objects.get().body == {"message": "Please call me at noon"}


def test_an_unknown_form_is_a_problem_too(client, db):
    answer = client.post("/in/nothing/", "{}", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_file_is_left_out_and_its_fields_are_kept(client, form):
    answer = client.post(f"/in/{form.key}/", {"name": "Ines", "cv": SimpleUploadedFile("cv.pdf", b"x")})
    row = Submission.objects.get()
    assert (answer.status_code, row.body["name"], row.repairs) == (200, "Ines", ["file_left_out"])
    assert "cv.pdf" in str(row.body)


@pytest.mark.parametrize("method", ["get", "head"])
def test_whoever_looks_at_the_address_learns_that_it_is_right(client, form, method):
    assert getattr(client, method)(f"/in/{form.key}/").status_code == 200
    assert not Submission.objects.exists()


@pytest.mark.parametrize("path", ["/in/{}/", "/in/{}"])
@pytest.mark.parametrize("method", ["post", "put"])
def test_both_addresses_and_put_are_taken(client, form, path, method):
    send = getattr(client, method)
    answer = send(path.format(form.key), '{"name": "Ines"}', content_type="application/json")
    assert (answer.status_code, Submission.objects.count()) == (200, 1)


def test_other_methods_are_refused(client, form):
    assert client.delete(f"/in/{form.key}/").status_code == 405


@pytest.mark.parametrize("body", ["test=test", "webhook_id=3", ""])
def test_a_probe_is_kept_as_a_test_and_wakes_nobody(post, woken, body):
    answer = post(body, "application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["status"], woken) == (200, "test", [])


@pytest.mark.parametrize(("language", "words"), [("en", "was not sent"), ("ru", "не отправлен")])
def test_a_visitor_whose_form_is_refused_reads_a_page(client, form, language, words):
    headers = {"Accept": "text/html", "Accept-Language": language}
    answer = client.post(f"/in/{form.key}/", {"a": "x" * (MAX_BODY_BYTES + 1)}, headers=headers)
    assert (answer.status_code, words in answer.text) == (413, True)


@pytest.mark.parametrize("text", ["a\0b", "half \ud800 pair", "\U0001f600", "1" * 5000])
def test_any_text_can_be_stored(post, text):
    assert post(json.dumps({"NAME": text})).status_code == 200


def test_characters_that_cannot_be_stored_are_told(post):
    post('{"NAME": "a\\u0000b"}')
    assert Submission.objects.get().repairs == ["characters_replaced"]


def test_numbers_of_any_size_can_be_stored(post):
    assert post('{"a": %s, "b": 1e300}' % ("9" * 400)).status_code == 200


@pytest.mark.parametrize("trace", ["not json", "[]", "42", {"url": ["x"]}])
def test_an_unreadable_trace_does_not_cost_the_submission(post, trace):
    assert post({"TRACE": trace, "utm_source": "google"}).status_code == 200
    assert explain(Submission.objects.get()).repairs


def test_a_page_that_may_not_send_is_refused(post):
    Form.objects.update(origins=["https://shop.example"])
    answer = post({}, Origin="https://evil.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


def test_a_page_that_may_send_can_read_the_answer(post):
    Form.objects.update(origins=["https://shop.example"])
    answer = post({}, Origin="https://shop.example")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "https://shop.example")


def test_a_browser_may_ask_before_it_sends(client, form):
    answer = client.options(f"/in/{form.key}/", headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer["Access-Control-Allow-Methods"]) == (204, "POST, PUT")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [({}, 403), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Basic x"}, 401), (BEARER, 200)],
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
def test_taking_a_submission_costs_one_statement(post, django_assert_num_queries):
    post({"a": 0})  # reads the form and looks how much waits, which is believed for a while
    with django_assert_num_queries(1):  # an insert that commits by itself
        post({"a": 1}, **{"Idempotency-Key": "k"})


def multipart(boundary):
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{boundary}--\r\n'
    return body, f"multipart/form-data; boundary={boundary}"


@pytest.mark.django_db(transaction=True)
def test_the_same_form_data_sent_again_is_the_same_submission(post):
    answers = [post(*multipart(boundary), **{"Idempotency-Key": "k"}) for boundary in ("one", "two")]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_file_input_that_was_left_empty_costs_nothing(post):
    head = 'Content-Disposition: form-data; name="cv"; filename=""\r\nContent-Type: application/octet-stream'
    assert post(f"--x\r\n{head}\r\n\r\n\r\n--x--\r\n", "multipart/form-data; boundary=x").status_code == 200


@pytest.mark.parametrize("key", ["a%00b", "%0A", "a" * 300])
def test_no_address_of_a_form_is_too_strange(client, db, key):
    assert client.post(f"/in/{key}/", "{}", content_type="application/json").status_code == 404


def test_a_pages_script_can_read_why_it_was_refused(post):
    answer = post("x" * (MAX_BODY_BYTES + 1), Origin="https://shop.example")
    assert answer.status_code == 413
    assert answer["Access-Control-Allow-Origin"] == "https://shop.example"


def test_a_page_that_may_not_send_reads_nothing(post):
    Form.objects.update(origins=["https://shop.example"])
    assert "Access-Control-Allow-Origin" not in post({}, Origin="https://evil.example").headers


def test_a_browser_is_never_offered_the_secret(client, form):
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization, x-requested-with"}
    allowed = client.options(f"/in/{form.key}/", headers=asked)["Access-Control-Allow-Headers"]
    assert ("authorization" in allowed, "x-requested-with" in allowed) == (False, True)


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
    assert sorted(statuses) == [200, 409, 409]
    assert Submission.objects.count() == 1
