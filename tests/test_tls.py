"""TLS by the ring's own authority, as an app and the terminal client meet it on an address that is not loopback."""

import hashlib
import re
import ssl
import subprocess

import pytest
import requests
import urllib3
from mastodon import Mastodon

from machine import WAIT_S_MAX, Machine, binary
from people import PASSWORD, register


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Open to the network, so with TLS; reached by the loopback address all the same."""
    machine = Machine(tmp_path_factory.mktemp("tls") / "machine", address="0.0.0.0").start(wait=False)
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def ready():
        assert machine.process.poll() is None, machine.said()
        try:
            return requests.get(f"https://{machine.host}/readyz", verify=False, timeout=5).ok
        except requests.exceptions.ConnectionError:
            return False

    machine.wait_for(ready)
    yield machine
    machine.stop()


@pytest.fixture(scope="module")
def url(machine):
    return f"https://{machine.host}"


@pytest.fixture(scope="module")
def authority(url, tmp_path_factory):
    """The ring's certificate, fetched as a newcomer does: over a connection that is not trusted yet."""
    place = tmp_path_factory.mktemp("ca") / "ca.pem"
    place.write_bytes(requests.get(f"{url}/api/tertulia/v1/ca", verify=False, timeout=WAIT_S_MAX).content)
    return place


def test_the_printed_fingerprint_is_the_authoritys(machine, authority):
    der = ssl.PEM_cert_to_DER_cert(authority.read_text())
    digest = hashlib.sha256(der).hexdigest()
    said = re.sub(r"[^0-9a-f]", "", machine.welcome().lower())
    assert digest in said


def test_nobody_trusts_it_unasked(url):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{url}/livez", timeout=WAIT_S_MAX)


def test_the_page_about_trust_shows_the_fingerprint(url, authority):
    page = requests.get(f"{url}/trust", verify=str(authority), timeout=WAIT_S_MAX)
    assert page.ok and page.headers["Content-Type"].startswith("text/html")
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority.read_text())).hexdigest()
    assert digest in re.sub(r"[^0-9a-f]", "", page.text.lower())


def test_mastodon_py_works_once_it_trusts(url, authority):
    session = requests.Session()
    session.verify = str(authority)
    app = Mastodon.create_app("Tertulia's tests", api_base_url=url, session=session)
    api = Mastodon(*app, api_base_url=url, session=session)
    api.create_account("ana_tls", PASSWORD, agreement=True, email="ana@example.org")
    dweet = api.status_post("sealed on its way")
    assert dweet.url.startswith(url)
    assert api.timeline_home()[0].id == dweet.id


def test_the_terminal_client_works_once_it_trusts(url, authority, tmp_path):
    nick = register(url, "bea", verify=str(authority)).nick
    settings = {"TERTULIA_HOME": str(tmp_path / "home"), "TERTULIA_PASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"}

    def tertulia(*words):
        return subprocess.run(
            [binary(), *words, "--server", url], env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    unknown = tertulia("login", nick)
    assert unknown.returncode != 0
    assert "certificate" in (unknown.stdout + unknown.stderr).lower() or "trust" in (unknown.stdout + unknown.stderr)
    settings["TERTULIA_CA"] = str(authority)
    for words in (["login", nick], ["dweet", "sealed from the terminal"], ["whoami"]):
        done = tertulia(*words)
        assert done.returncode == 0, done.stdout + done.stderr
