"""The containers: what each may do and knows, by the text of docker-compose.yml."""

import re

import pytest
from django.conf import settings

BASE = settings.BASE_DIR
COMPOSE = (BASE / "docker-compose.yml").read_text()
DOCKERFILE = (BASE / "Dockerfile").read_text()
CONFINED = ["read_only: true", 'tmpfs: ["/tmp"]', "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]']


def blocks(text, indent):
    """The parts of a text in YAML by the names at this indentation."""
    parts = re.split(rf"^ {{{indent}}}([\w-]+):", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


TOP = blocks(COMPOSE, 0)
SERVICES = blocks(TOP["services"], 2)
OURS = {"migrate", "web", "worker", "beat"}


def test_all_services_are_found():
    assert set(SERVICES) == {*OURS, "postgres", "redis"}


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "beat", "postgres", "redis"])
def test_every_container_is_confined(name):
    assert [line for line in CONFINED if line not in TOP["x-confined"]] == []
    assert "<<: *confined" in TOP["x-app"]
    assert re.search(r"<<: \*(app|confined)\n", SERVICES[name])
    assert not re.search("privileged|read_only: false|network_mode|docker.sock", SERVICES[name])


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_container_of_ours_gets_a_capability_back(name):
    assert "cap_add" not in SERVICES[name] + TOP["x-app"] + TOP["x-confined"]


def test_only_the_web_server_listens_and_only_to_this_machine():
    assert re.findall(r"ports: \[(.*)\]", COMPOSE) == ['"127.0.0.1:8000:8000"']
    assert "ports:" in SERVICES["web"]


def test_redis_and_the_database_want_a_password_and_reach_nobody():
    assert "--requirepass ${REDIS_PASSWORD:?" in SERVICES["redis"]
    assert "redis://:${REDIS_PASSWORD:?" in TOP["x-app"]
    assert "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?" in SERVICES["postgres"]
    assert "internal: true" in TOP["networks"]
    assert ["networks: [inside]" in SERVICES[name] for name in ("redis", "postgres", "beat")] == [True] * 3


@pytest.mark.parametrize("name", ["beat", "postgres", "redis"])
def test_who_needs_no_secret_of_the_applications_has_none(name):
    assert "env_file" not in SERVICES[name] + TOP["x-confined"]
    assert not re.search("B24_|DJANGO_|FIELD_|EMAIL_", SERVICES[name])


def test_the_image_is_not_roots_and_takes_only_what_the_lock_file_names():
    assert re.search("^USER (?!root|0)", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes -r requirements.lock" in DOCKERFILE


def test_no_secret_is_copied_into_the_image():
    copied = re.findall("^COPY (.*)$", DOCKERFILE, re.MULTILINE)
    assert copied and [line for line in copied if ".env" in line or line.startswith(". ")] == []
    assert (BASE / ".dockerignore").read_text().split("\n*\n")[0].startswith("#")


def pinned(name):
    return set(re.findall(r"^([a-z0-9-]+)==", (BASE / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "tools"), [("audit", {"pip-audit", "pip-licenses", "cyclonedx-bom"}), ("fuzz", {"schemathesis"})]
)
def test_tools_that_look_from_outside_are_no_part_of_what_ships_or_tests(name, tools):
    assert tools <= pinned(f"requirements-{name}.lock")
    assert not tools & (pinned("requirements.lock") | pinned("requirements-dev.lock"))
