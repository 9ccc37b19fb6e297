"""Which passwords an operator may have, and how they are kept."""

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

GOOD = "a long one for this test"


@pytest.mark.parametrize("password", ["1", "short", "eleven-char", "123456789012", "1qaz2wsx3edc", "operator-of-relay"])
def test_a_weak_password_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, User(username="operator-of-relay"))


def test_a_long_one_is_taken():
    assert validate_password(GOOD, User(username="operator")) is None


def test_it_is_kept_by_argon2(settings):
    from b24app import settings as ours  # tests hash in a way that costs nothing

    settings.PASSWORD_HASHERS = ours.PASSWORD_HASHERS
    kept = make_password(GOOD)
    assert kept.startswith("argon2$argon2id$")
    assert (check_password(GOOD, kept), check_password("another", kept)) == (True, False)


@pytest.mark.django_db
def test_one_of_before_is_hashed_anew_at_the_next_login(settings, client):
    from b24app import settings as ours

    settings.PASSWORD_HASHERS = ours.PASSWORD_HASHERS
    user = User.objects.create_superuser("op")
    user.password = make_password(GOOD, hasher="pbkdf2_sha256")
    user.save()
    assert client.login(username="op", password=GOOD)
    user.refresh_from_db()
    assert user.password.startswith("argon2$")
