"""The part of a browser that logging in takes: follow the form, fill it in, read the code that comes out."""

from urllib.parse import parse_qs, urljoin, urlparse

import requests
from bs4 import BeautifulSoup

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


def authorize(url, nick, password):
    """Opens the authorization page, logs in, consents; the code as the person would copy it."""
    session = requests.Session()
    answer = session.get(url, timeout=60)
    for _ in range(3):
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        page = BeautifulSoup(answer.text, "html.parser")
        form = page.find("form")
        if form is None:
            return shown(page)
        answer = session.post(
            urljoin(answer.url, form.get("action") or ""),
            data=filled(form, nick, password),
            allow_redirects=False,
            timeout=60,
        )
        if answer.is_redirect:
            target = answer.headers["Location"]
            if "code" in parse_qs(urlparse(target).query):
                return parse_qs(urlparse(target).query)["code"][0]
            answer = session.get(urljoin(answer.url, target), timeout=60)
    raise AssertionError(f"no code after three pages; the last one says: {answer.text}")


def shown(page):
    """The code on the page for out-of-band logins: the one thing in it to copy."""
    place = page.find("code") or page.find("input", attrs={"readonly": True})
    assert place is not None, f"no code on the page: {page.get_text()}"
    return (place.get("value") or place.get_text()).strip()


def filled(form, nick, password):
    data = {}
    for field in form.find_all("input"):
        kind, name = field.get("type", "text"), field.get("name")
        if name is None or kind == "submit":
            continue
        data[name] = {"password": password, "text": nick, "email": nick}.get(kind, field.get("value", ""))
    buttons = [button for button in form.find_all("button") if button.get("name")]
    if buttons:
        data[buttons[0]["name"]] = buttons[0].get("value", "")
    return data
