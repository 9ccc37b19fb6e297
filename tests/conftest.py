from tests.product_fixtures import django_db_modify_db_settings, installed, wired  # noqa: F401
from tests.sandbox_fixtures import ask, portal, sandbox, sandbox_server  # noqa: F401
