"""All senders, the most specific first: the first whose shape or header fits claims a body."""

from __future__ import annotations

from traces.intake.senders.ads import ADS
from traces.intake.senders.builders import BUILDERS
from traces.intake.senders.messengers import MESSENGERS
from traces.intake.senders.russia import RUSSIA
from traces.intake.senders.sender import Sender
from traces.intake.senders.services import SERVICES
from traces.intake.senders.shops import SHOPS
from traces.intake.senders.sites import MARKETING, SITES

SENDERS: tuple[Sender, ...] = (*SHOPS, *ADS, *MESSENGERS, *SITES, *MARKETING, *SERVICES, *RUSSIA, *BUILDERS)
BY_KEY = {sender.key: sender for sender in SENDERS}
