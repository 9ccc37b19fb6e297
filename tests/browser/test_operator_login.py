"""The operator logs in at /admin/ with a browser, and resumes a portal there."""

import time

import pyotp

from tests.fixtures.browser import BROWSER
from tests.fixtures.waiting import until

pytestmark = BROWSER

MAKE_OPERATOR = """
from django.contrib.auth.models import User
from b24app.models import Portal
User.objects.create_superuser("operator", password="a long one for this test")
Portal.objects.create(member_id="held", domain="held.example", state="held", hold_code="portal_deleted")
"""
STATE = "from b24app.models import Portal; print(Portal.objects.get(member_id='held').state)"


def test_the_operator_logs_in_and_resumes_a_portal(context, stack):
    stack.run("shell", "-v", "0", "-c", MAKE_OPERATOR)
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page = context.new_page()
    page.goto(f"{stack.app_url}/admin/b24app/portal/")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill("a long one for this test")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("row", name="held.example").get_by_role("checkbox").check()
    page.get_by_role("combobox").select_option(label="Resume delivery")
    page.get_by_role("button", name="Go").click()
    until(lambda: stack.run("shell", "-v", "0", "-c", STATE).strip() == "active")


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MAKE_CAREFUL = f"""
from django.contrib.auth.models import User
from b24app.models import SecondFactor
user = User.objects.create_superuser("careful", password="a long one for this test")
SecondFactor.objects.create(user=user, secret="{SECRET}")
"""


def test_an_operator_with_a_second_factor_types_its_code(context, stack):
    stack.run("shell", "-v", "0", "-c", MAKE_CAREFUL)
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page = context.new_page()
    page.goto(f"{stack.app_url}/admin/")
    for code in ("", pyotp.TOTP(SECRET).at(time.time())):
        page.get_by_label("Username").fill("careful")
        page.get_by_label("Password").fill("a long one for this test")
        page.get_by_label("Code of your authenticator app").fill(code)
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("The name, the password or the code is wrong" if not code else "Operator's pages").wait_for()
