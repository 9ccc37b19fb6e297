"""What a form, a builder or a browser adds for itself: useless in the CRM. Secrets are never stored.

Only names of programs are looked at. A label that a person wrote ("Token of the ring?") is no noise.
"""

from __future__ import annotations

from functools import lru_cache

from traces.intake.senders.names import joined, words
from traces.intake.senders.posted import word_set

# Words that make a program's name noise wherever they stand in it, and those that do so at its end.
_WORDS = word_set("csrf csrftoken csrfmiddlewaretoken xsrf captcha recaptcha hcaptcha smartcaptcha turnstile")
_LAST_WORDS = word_set("token secret nonce sessid sessionid phpsessid password passwd honeypot fluentformnonce")
_NAMES = word_set(
    "action submit submitbutton websubmit ajax ajaxcall isajax lang locale ip ipaddress remoteip remoteaddr "
    "userip clientip visitorip useragent browser remoteuseragent poweredby cookies cookie created createdat "
    "createdtime updatedat submittedat submissiontime landedat entrytime firedat timestamp datecreated receivedat "
    "postid queriedid referertitle apiversion googlekey handshakekey secret apikey gformsubmit webformsubmit "
    "webformapply iblocksubmit paramshash formsignature jsonrpc webhookurl executionmode admingraphqlapiid hutk "
    "formmode paireditem utf8 commit formbuildid"
)
_SECRETS = word_set("secret apikey googlekey handshakekey auth")
_SECRET_WORDS = frozenset(
    (word,) for word in ("token", "nonce", "sessid", "sessionid", "phpsessid", "password", "passwd", "secret")
)
# Names with a space are mostly labels, which people wrote; these are not.
_PHRASES = frozenset(("user agent", "remote ip", "powered by", "ip address", "submitted on", "user ip"))
# `…_id` of these is a number of the sender's; what a visitor types ends in "id" too ("Telegram ID").
_IDS = word_set(
    "form page post site website widget campaign adgroup ad adset creative group user account portal field entry lead "
    "leadgen event request response submission respondent session client visitor message chat update product "
    "variant webhook hook workspace quiz template row record contact customer person tenant app block element "
    "platform store advertiser"
)
_BEGINNINGS = ("gform_", "is_submit_", "state_")
# Some builders give a visitor's own fields an underscore.
_UNDERSCORED = word_set("_replyto _subject _name _email _phone _message")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a name is that of a secret, which is kept nowhere."""
    return joined(name) in _SECRETS or words(name)[-1:] in _SECRET_WORDS or not _WORDS.isdisjoint(words(name))


@lru_cache(maxsize=4096)
def is_noise(name: str) -> bool:
    """Whether a name is that of noise or of a secret."""
    if " " in name:
        return name.lower() in _PHRASES
    if name.startswith("_") and len(name) > 1:
        return name not in _UNDERSCORED
    if name.startswith(_BEGINNINGS) or joined(name) in _NAMES and not _is_label(name):
        return True
    found = words(name)
    if not found:
        return False
    if not _WORDS.isdisjoint(found) or found[-1] in _LAST_WORDS:
        return True
    return is_id(name)


def _is_label(name: str) -> bool:
    """Whether a single word is one of a person: "Action", where a program writes `action`."""
    return name.istitle() and name.isalpha()


@lru_cache(maxsize=4096)
def is_id(name: str) -> bool:
    """Whether a name is one of a program's number: `id`, `form_id`, `adsetId`, `uuid`."""
    if not name.isascii() or " " in name:
        return False
    found = words(name)
    if not found or found[-1] not in ("id", "ids", "gid", "uuid", "guid"):
        return joined(name) in ("formid", "pageid", "leadid")
    return len(found) == 1 or found[-2] in _IDS or found[-1] in ("uuid", "guid")
