"""Mastodon.py, the library under most bots: a whole life on the machine, from registration to revoked token."""

import itertools
import queue
import threading
import warnings

import pytest
from mastodon import (
    Mastodon,
    MastodonAPIError,
    MastodonIllegalArgumentError,
    MastodonNotFoundError,
    MastodonUnauthorizedError,
    StreamListener,
)

from browser import OUT_OF_BAND, authorize
from machine import WAIT_S_MAX, until

PASSWORD = "correct horse battery"
NUMBERS = itertools.count(1)


class Queue(StreamListener):
    """Puts what a stream brings where a test can wait for it."""

    def __init__(self):
        self.events = queue.Queue()

    def on_update(self, status):
        self.events.put(("update", status))

    def on_delete(self, status_id):
        self.events.put(("delete", status_id))

    def on_notification(self, notification):
        self.events.put(("notification", notification))

    def next(self, kind):
        while True:
            event, value = self.events.get(timeout=WAIT_S_MAX)
            if event == kind:
                return value


@pytest.fixture(scope="module")
def app(url):
    return Mastodon.create_app("Tertulia's tests", api_base_url=url, user_agent="Mastodon.py")


@pytest.fixture
def connect(url, app):
    def connect(**given):
        return Mastodon(*app, api_base_url=url, user_agent="Mastodon.py", ratelimit_method="throw", **given)

    return connect


@pytest.fixture
def person(connect):
    """Registers somebody new through the library, and gives their connection."""

    def person(stem):
        api = connect()
        api.create_account(f"{stem}{next(NUMBERS)}", PASSWORD, agreement=True, email=f"{stem}@example.org")
        return api

    return person


def home_shows(api, *ids):
    """Waits until the dweets of these ids are in the home timeline; fails if one is there twice."""
    wanted = {str(one) for one in ids}

    def shown():
        seen = [str(status.id) for status in api.timeline_home(limit=40)]
        assert len(seen) == len(set(seen)), f"twice in one timeline: {seen}"
        return wanted <= set(seen)

    until(shown, f"the home timeline shows {wanted}")


def test_registers_and_says_that_a_nick_is_taken(connect, person):
    ana = person("ana")
    me = ana.me()
    assert me.acct == me.username
    token, error = connect().create_account(
        me.username, PASSWORD, agreement=True, email="other@example.org", return_detailed_error=True
    )
    assert token is None
    assert error.details.username[0].error == "ERR_TAKEN"


def test_logs_in_by_password_and_by_the_email_given_at_registration(connect, person):
    nick = person("berta").me().username
    for name in (nick, nick.upper(), f"{nick}@example.org"):
        api = connect()
        api.log_in(name, PASSWORD, allow_http=True)
        assert api.me().username == nick


def test_a_wrong_password_and_a_wrong_nick_are_answered_alike(connect, person):
    nick = person("carla").me().username
    answers = set()
    for name, password in ((nick, "not the password"), ("nobody_of_that_nick", PASSWORD)):
        with pytest.raises(MastodonIllegalArgumentError) as refusal:
            connect().log_in(name, password, allow_http=True)
        answers.add(str(refusal.value))
    assert len(answers) == 1


def test_logs_in_by_code_as_a_browser_would(connect, person):
    nick = person("dora").me().username
    api = connect()
    page = api.auth_request_url(redirect_uris=OUT_OF_BAND, state="kept", allow_http=True)
    code = authorize(page, nick, PASSWORD)
    api.log_in(code=code, redirect_uri=OUT_OF_BAND, allow_http=True)
    assert api.me().username == nick
    with pytest.raises((MastodonIllegalArgumentError, MastodonAPIError)):
        connect().log_in(code=code, redirect_uri=OUT_OF_BAND, allow_http=True)


def test_posts_once_however_often_it_repeats_itself(person):
    eva = person("eva")
    first = eva.status_post("¡Hola! Some words & a <tag> – 👋🏽", idempotency_key="one of a kind")
    again = eva.status_post("¡Hola! Some words & a <tag> – 👋🏽", idempotency_key="one of a kind")
    assert first.id == again.id
    assert first.content == "<p>¡Hola! Some words &amp; a &lt;tag&gt; – 👋🏽</p>"
    assert [status.id for status in eva.account_statuses(eva.me())] == [first.id]
    assert eva.status(first).account.statuses_count == 1


def test_a_dweet_that_is_too_long_is_refused_in_words(person):
    api = person("fina")
    with pytest.raises(MastodonAPIError) as refusal:
        api.status_post("x" * 226)
    assert "225" in str(refusal.value)
    api.status_post("x" * 225)
    for empty in ("", "   "):
        with pytest.raises(MastodonAPIError):
            api.status_post(empty)


def test_follows_boosts_and_reads_it_in_the_home_timeline(person):
    author, friend, reader = person("gala"), person("hugo"), person("ines")
    relation = reader.account_follow(friend.me())
    assert relation.following and not relation.requested
    assert friend.account_relationships(reader.me())[0].followed_by

    dweet = author.status_post("worth passing on")
    boost = friend.status_reblog(dweet)
    assert boost.reblog.id == dweet.id and boost.id != dweet.id and boost.reblogged
    home_shows(reader, boost.id)
    shown = next(status for status in reader.timeline_home() if status.id == boost.id)
    assert shown.reblog.account.username == author.me().username
    assert [account.id for account in author.status_reblogged_by(dweet)] == [friend.me().id]

    back = friend.status_unreblog(dweet)
    assert back.id == dweet.id and not back.reblogged
    until(lambda: boost.id not in [s.id for s in reader.timeline_home()], "the boost is gone from the timeline")
    assert not reader.account_unfollow(friend.me()).following


def test_pages_through_the_home_timeline_both_ways(person):
    author, reader = person("juana"), person("karla")
    reader.account_follow(author.me())
    ids = [author.status_post(f"dweet number {number}").id for number in range(45)]
    until(lambda: reader.timeline_home(limit=1)[:1] and reader.timeline_home(limit=1)[0].id == ids[-1], "all arrived")

    first = reader.timeline_home(limit=20)
    everything = reader.fetch_remaining(first)
    assert [status.id for status in everything] == ids[::-1]

    second = reader.fetch_next(first)
    back = reader.fetch_previous(second)
    assert [status.id for status in back] == [status.id for status in first]
    newer = reader.timeline_home(min_id=ids[9], limit=5)
    assert [status.id for status in newer] == ids[14:9:-1]


def test_streams_what_happens_by_server_sent_events(person):
    author, reader = person("lola"), person("mario")
    reader.account_follow(author.me())
    listener = Queue()
    handle = reader.stream_user(listener, run_async=True)
    try:
        dweet = until_streamed(author, listener, "seen at once")
        boosted = reader.status_reblog(dweet)
        author.account_follow(reader.me())
        assert listener.next("notification").type == "follow"
        author.status_delete(dweet)
        gone = {str(listener.next("delete"))}
        if str(dweet.id) not in gone:
            gone.add(str(listener.next("delete")))
        assert gone <= {str(dweet.id), str(boosted.id)}
    finally:
        hang_up(handle)


def test_streams_a_hashtag_and_the_public_timeline(person):
    author, reader = person("nora"), person("olga")
    for open_stream in (
        lambda listener: reader.stream_hashtag("tertulia", listener, run_async=True),
        lambda listener: reader.stream_public(listener, run_async=True),
    ):
        listener = Queue()
        handle = open_stream(listener)
        try:
            until_streamed(author, listener, "we talk about #tertulia")
        finally:
            hang_up(handle)
    assert reader.stream_healthy()


def test_streams_through_a_websocket(person):
    author, reader = person("paz"), person("quique")
    reader.account_follow(author.me())
    listener = Queue()
    handle = reader.stream_open_websocket()
    try:
        reader.stream_user(listener, websocket_handle=handle)
        until_streamed(author, listener, "through the other door")
    finally:
        hang_up(handle)


def hang_up(handle):
    """Closes a stream without waiting: the library's `close` returns only when the stream brings something."""
    threading.Thread(target=handle.close, daemon=True).start()


def until_streamed(author, listener, text):
    """A stream may begin a moment after its request returns, so the author repeats themselves until it is heard."""
    posted = {}

    def heard():
        dweet = author.status_post(text)
        posted[dweet.id] = dweet
        try:
            event, value = listener.events.get(timeout=2)
        except queue.Empty:
            return None
        return posted.get(value.id) if event == "update" else None

    return until(heard, "the stream brings a dweet")


def test_answers_mentions_and_favourites_become_notifications(person):
    ana, bea = person("rosa"), person("sara")
    question = ana.status_post("who is here?")
    reply = bea.status_reply(question, "me")
    bea.status_favourite(question)
    bea.status_reblog(question)
    bea.account_follow(ana.me())

    def kinds():
        return {notification.type for notification in ana.notifications()}

    until(lambda: kinds() == {"mention", "favourite", "reblog", "follow"}, "all four notifications are there")
    assert {n.type for n in ana.notifications(types=["mention"])} == {"mention"}
    assert ana.notifications(exclude_types=["mention", "favourite", "reblog"])[0].type == "follow"
    assert [status.id for status in ana.status_context(question).descendants] == [reply.id]
    assert [status.id for status in ana.status_context(reply).ancestors] == [question.id]
    assert ana.status(question).favourites_count == 1
    assert [account.id for account in ana.status_favourited_by(question)] == [bea.me().id]
    assert [status.id for status in bea.favourites()] == [question.id]
    assert bea.status_bookmark(question).bookmarked
    assert [status.id for status in bea.bookmarks()] == [question.id]
    assert not bea.status_unbookmark(question).bookmarked
    one = ana.notifications()[0]
    assert ana.notifications(id=one).id == one.id
    assert ana.notifications_unread_count().count == 4
    ana.notifications_dismiss(one)
    ana.notifications_clear()
    assert ana.notifications() == []
    assert bea.status_unfavourite(question).favourites_count == 0


def test_marks_how_far_it_has_read(person):
    ana, bea = person("teresa"), person("ursula")
    ana.account_follow(bea.me())
    dweet = bea.status_post("read me")
    home_shows(ana, dweet.id)
    ana.markers_set("home", dweet)
    assert str(ana.markers_get("home")["home"].last_read_id) == str(dweet.id)


def test_finds_people_dweets_and_hashtags(person):
    ana, bea = person("valeria"), person("wanda")
    dweet = ana.status_post("the word #zanahoria is orange")
    nick = ana.me().username
    assert bea.account_lookup(nick).id == ana.me().id
    assert nick in [account.acct for account in bea.account_search(nick[:5])]
    assert nick in [account.acct for account in bea.search_v2(nick, resolve=True, result_type="accounts").accounts]
    until(lambda: [s.id for s in bea.timeline_hashtag("zanahoria")] == [dweet.id], "the hashtag has its dweet")
    assert [tag.name for tag in bea.search_v2("zanahoria").hashtags] == ["zanahoria"]
    until(lambda: dweet.id in [s.id for s in bea.timeline_public()], "the dweet is public")
    with pytest.raises(MastodonNotFoundError):
        bea.account_lookup("nobody_at_all")


def test_changes_the_profile(person):
    api = person("xenia")
    me = api.account_update_credentials(display_name="Xenia X.", note="a word about me")
    assert me.display_name == "Xenia X."
    assert "a word about me" in me.source.note
    assert api.account(me).display_name == "Xenia X."


def test_blocks_and_mutes(person):
    ana, bea = person("yolanda"), person("zoe")
    ana.account_follow(bea.me())
    dweet = bea.status_post("loud")
    home_shows(ana, dweet.id)
    assert ana.account_mute(bea.me()).muting
    until(lambda: dweet.id not in [s.id for s in ana.timeline_home()], "a muted person is not shown")
    assert [account.id for account in ana.mutes()] == [bea.me().id]
    assert not ana.account_unmute(bea.me()).muting
    assert ana.account_block(bea.me()).blocking
    assert [account.id for account in ana.blocks()] == [bea.me().id]
    assert not ana.account_relationships(bea.me())[0].following
    assert not ana.account_unblock(bea.me()).blocking


def test_deletes_a_dweet_for_everyone(person):
    ana, bea = person("abril"), person("blanca")
    bea.account_follow(ana.me())
    dweet = ana.status_post("a mistake")
    home_shows(bea, dweet.id)
    ana.status_delete(dweet)
    with pytest.raises(MastodonNotFoundError):
        ana.status(dweet)
    until(lambda: dweet.id not in [s.id for s in bea.timeline_home()], "the dweet is gone from the follower's timeline")


def test_lists_followers_both_ways(person):
    star, fans = person("celia"), [person("fan") for _ in range(3)]
    for fan in fans:
        fan.account_follow(star.me())
    wanted = {fan.me().id for fan in fans}
    until(lambda: {a.id for a in star.account_followers(star.me())} == wanted, "all followers are there")
    assert {a.id for a in fans[0].account_following(fans[0].me())} == {star.me().id}


def test_what_a_microblog_of_text_has_not_is_empty_and_not_an_error(person):
    api = person("delia")
    assert api.lists() == []
    assert api.filters() == []
    assert api.filters_v2() == []
    assert api.custom_emojis() == []
    assert api.follow_requests() == []
    assert api.conversations() == []
    assert api.announcements() == []
    assert api.followed_tags() == []
    assert api.preferences()["posting:default:visibility"] == "public"
    assert api.app_verify_credentials().name


def test_introduces_itself(connect):
    api = connect()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = api.instance_v1()
    assert first.configuration.statuses.max_characters == 225
    assert first.version.startswith("4.2.0 (compatible; Tertulia ")
    second = api.instance_v2()
    assert second.configuration.statuses.max_characters == 225
    assert second.registrations.enabled
    assert api.instance_nodeinfo().software.name == "tertulia"


def test_a_revoked_token_is_worth_nothing(connect, person):
    nick = person("elena").me().username
    api = connect()
    token = api.log_in(nick, PASSWORD, allow_http=True)
    api.revoke_access_token(allow_http=True)
    with pytest.raises(MastodonUnauthorizedError):
        connect(access_token=token).me()
