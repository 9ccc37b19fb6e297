"""What the web server makes piece by piece arrives whole: compressed static files are made so."""

import requests

STACK = {"workers": 0}


def test_a_compressed_file_arrives_whole(stack):
    url = f"{stack.app_url}/static/b24app/b24jssdk-2.2.0.min.js"
    whole = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=10)
    packed = requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert (packed.headers.get("Content-Encoding"), packed.content) == ("gzip", whole.content)
    assert "Content-Length" not in packed.headers
