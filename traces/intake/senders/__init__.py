"""What senders really post, and how it becomes one flat body. Pure: no database, no network, no clock."""

from traces.intake.senders.normalise import challenge, normalise
from traces.intake.senders.posted import Posted

__all__ = ["Posted", "challenge", "normalise"]
