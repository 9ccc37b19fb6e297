"""A Bitrix24 portal and its OAuth server for the demo, the tests and the benchmarks.

An independent reading of how the portal behaves; it imports nothing of the product.
"""

from tests.sandbox.server import Sandbox

__all__ = ["Sandbox"]
