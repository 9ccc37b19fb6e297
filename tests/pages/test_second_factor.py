"""An operator's second factor: who is let in with which code, and what the command does."""

import io
import time

import pyotp
import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from b24app.frame import operators
from b24app.models import SecondFactor

pytestmark = pytest.mark.django_db
PASSWORD, SECRET = "a long one for this test", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WRONG = "The name, the password or the code is wrong."


@pytest.fixture
def clock(settings):
    """Time that moves by hand, and no limit by address in the way of the operator's own."""
    settings.LOGINS_PER_MINUTE = 0
    with time_machine.travel(1_796_000_415.0, tick=False) as clock:
        yield clock


@pytest.fixture
def operator(clock):
    user = User.objects.create_superuser("operator", password=PASSWORD)
    SecondFactor.objects.create(user=user, secret=SECRET)
    return user


def code(steps=0):
    return pyotp.TOTP(SECRET).at(time.time() + steps * 30)


@pytest.fixture
def log_in(client):
    def log_in(code="", password=PASSWORD, name="operator"):
        return client.post("/admin/login/?next=/admin/", {"username": name, "password": password, "code": code})

    return log_in


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_the_code_of_now_lets_in(operator, log_in, steps):
    assert log_in(code(steps)).status_code == 302


@pytest.mark.parametrize("typed", ["", "000000", "12345678901", "кода нет"])
def test_without_its_code_the_password_is_not_enough(operator, log_in, typed):
    answer = log_in(typed)
    assert answer.status_code == 200 and WRONG in answer.text


@pytest.mark.parametrize("steps", [-2, 2])
def test_an_old_code_is_none(operator, log_in, steps):
    assert log_in(code(steps)).status_code == 200


def test_a_used_code_is_not_good_again(operator, log_in, client):
    assert log_in(code()).status_code == 302
    client.logout()
    assert log_in(code()).status_code == log_in(code(-1)).status_code == 200
    assert log_in(code(1)).status_code == 302


def test_spaces_in_a_code_do_not_matter(operator, log_in):
    assert log_in(f"{code()[:3]} {code()[3:]}").status_code == 302


def test_nobody_learns_that_a_password_is_right(operator, log_in):
    told = [log_in("000000").text, log_in(code(), password="another one for this test").text]
    assert [text.count(WRONG) for text in told] == [1, 1]


def test_an_operator_without_one_needs_no_code(operator, log_in):
    User.objects.create_superuser("second", password=PASSWORD)
    assert log_in(name="second").status_code == 302


def test_where_nobody_has_one_nobody_is_asked(client):
    assert 'name="code"' not in client.get("/admin/login/").text


def test_wrong_codes_are_limited_from_wherever_they_come(operator, log_in, clock):
    for _ in range(operators.MAX_WRONG):
        log_in("000000")
    assert log_in(code()).status_code == 200
    clock.shift(operators.WRONG_SECONDS + 1)
    assert log_in(code()).status_code == 302


def test_right_codes_use_nothing_up(operator, log_in, client, clock):
    for _ in range(operators.MAX_WRONG + 1):
        assert log_in(code()).status_code == 302
        client.logout()
        clock.shift(30)


def test_failed_codes_count_as_failed_logins(operator, log_in, settings):
    settings.LOGINS_PER_MINUTE = 2
    assert [log_in("000000").status_code for _ in range(3)] == [200, 200, 429]


def test_the_secret_is_not_readable_in_the_database(operator):
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM b24app_secondfactor")
        assert SECRET not in cursor.fetchone()[0]


def test_a_secret_that_no_key_reads_lets_nobody_in(operator, log_in):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE b24app_secondfactor SET secret = 'unreadable'")
    assert log_in(code()).status_code == 200


@pytest.fixture
def command(monkeypatch):
    """Run the command with a secret that is known and what is typed then; what it printed."""

    def run(*arguments, typed=""):
        monkeypatch.setattr(pyotp, "random_base32", lambda: SECRET)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        out = io.StringIO()
        call_command("operator_totp", "operator", *arguments, stdout=out)
        return out.getvalue()

    return run


def test_the_command_prints_what_an_app_reads(clock, command):
    User.objects.create_superuser("operator", password=PASSWORD)
    printed = command(typed=f"{code()}\n")
    assert f"otpauth://totp/Trace%20Relay:operator?secret={SECRET}&issuer=Trace%20Relay" in printed
    assert sum("█" in line or "▀" in line for line in printed.splitlines()) > 10
    assert SecondFactor.objects.get().secret == SECRET


def test_the_code_of_the_command_lets_nobody_in(clock, command, log_in):
    User.objects.create_superuser("operator", password=PASSWORD)
    command(typed=f"{code()}\n")
    assert (log_in(code()).status_code, log_in(code(1)).status_code) == (200, 302)


@pytest.mark.parametrize("typed", ["000000\n", ""])
def test_without_a_right_code_the_command_changes_nothing(clock, command, typed):
    User.objects.create_superuser("operator", password=PASSWORD)
    with pytest.raises(CommandError, match="nothing was changed"):
        command(typed=typed)
    assert not SecondFactor.objects.exists()


def test_the_command_lets_in_who_has_lost_the_telephone(operator, command, log_in):
    command("--remove")
    assert log_in().status_code == 302


def test_the_command_says_whom_it_does_not_know(clock, command):
    with pytest.raises(CommandError, match="no operator called operator"):
        command()
