"""Calls that the apps make and that may end in 404 or 501, each with the reason. Nothing else may."""

MAY_BE_ABSENT = {
    ("GET", "/.well-known/oauth-authorization-server"): "over plain http its absence is what Mastodon.py wants",
    ("GET", "/api/v1/accounts/lookup"): "the tests ask for a nick that nobody has",
    ("GET", "/api/v1/statuses/:id"): "the tests ask for a dweet that was deleted",
}
