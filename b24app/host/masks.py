"""What may be a contact or a secret in a text that other people read: operators' pages, logs."""

from __future__ import annotations

import logging

import re2

# What visitors type where a tag or a source is meant: addresses also as a query has them, numbers as people write them.
_CONTACT = re2.compile(r"[^\s,;<>]+(?:[@＠﹫]|%40)[^\s,;<>]+|\+?(?:(?:[\s\pZ()./_-]|%20|%2[Bb])*\p{Nd}){7,}")
# In a log numbers and times are our own: an address at a domain (a worker is at a host), a number with its plus, a
# token (a UUID and a digest are shorter).
_IN_LOG = re2.compile(
    r"[^\s,;<>'\"(]+(?:@|%40)[^\s,;<>'\")]*\.[^\s,;<>'\")]+|(?:\+|%2[Bb])\p{Nd}(?:[ ()-]*\p{Nd}){7,}|[\w-]{40,}"
)
MASK = "***"


def masked(text: str) -> str:
    """The text without what may be an e-mail address or a telephone number."""
    return str(_CONTACT.sub(MASK, text))


def masked_for_log(text: str) -> str:
    """The text of a log without what may be a contact or a token."""
    return str(_IN_LOG.sub(MASK, text))


class MaskedFormatter(logging.Formatter):
    """A net under all that is logged, tracebacks too: nothing of ours writes a token or a contact on purpose."""

    def format(self, record: logging.LogRecord) -> str:
        return masked_for_log(super().format(record))
