# What the terminal says, in English. Same keys and variables as in the other languages: a test compares them.

## Ages

age-now = now
age-minutes = { $n } min
age-hours = { $n } h
age-days = { $n } d

## How much is unseen

unseen = { $n ->
    [0] all seen
    [one] 1 unseen
   *[other] { $n } unseen
}
unseen-more = { $n }+ unseen
unseen-none = You have seen all that is new.
feed-more-new = — “more” shows the next ones.
feed-more-new-command = — “tertulia feed” shows the next ones.
feed-more-old = “more” shows older ones.
feed-more-old-command = “tertulia feed” shows older ones.
feed-end = That is all there is for now.
feed-empty = There is nothing new. “latest” shows the newest ones again; “follow” brings more.
feed-empty-command = There is nothing new. “tertulia feed --latest” shows the newest ones again; “tertulia follow NICK” brings more.
list-empty = There is nothing in this list yet.
list-ended = There is nothing more.
list-end = That is all.

## Lists

offline = offline
offline-as-of = OFFLINE: no server answers. This is what was last seen here, as of { $age } ago.
offline-as-of-day = OFFLINE: no server answers. This is what was last seen here, as of { $day }.
offline-as-of-now = OFFLINE: no server answers. This is what was last seen here, as of just now.
offline-inside = You can still read what was last seen on this computer.
offline-outside = Check the network, or type “server” to use another address.
whoami = You are { $name } (@{ $nick }) at { $server }
profile-empty = No dweets yet.
search-empty = Nothing was found. Type the beginning of a nick or a name, or a #hashtag.
notifications-empty = Nothing yet. Here you will see who follows, mentions or redweets you.
notification-mention = { $who } mentioned you
notification-redweet = { $who } redweeted you
notification-favourite = { $who } likes your dweet
notification-follow = { $who } follows you now
dweet-answers = answers @{ $nick }
dweet-private = for followers only
dweet-redweeted-by = redweeted by { $who }
dweet-warning = Warning: { $warning }
count-replies = { $n ->
    [one] 1 reply
   *[other] { $n } replies
}
count-redweets = { $n ->
    [one] 1 redweet
   *[other] { $n } redweets
}
count-favourites = { $n ->
    [one] 1 favourite
   *[other] { $n } favourites
}
count-followers = { $n ->
    [one] 1 follower
   *[other] { $n } followers
}
count-following = follows { $n }
count-dweets = { $n ->
    [one] 1 dweet
   *[other] { $n } dweets
}
redweeted-by-you = yours too
favourite-of-yours = yours too
relation-following = you follow them
relation-followed-by = they follow you
relation-blocking = you block them
relation-muting = you mute them

## Done

done-registered = Welcome, @{ $nick }. Your account is ready, and you are logged in.
done-logged-in = Welcome back, @{ $nick }.
done-logged-out = You are logged out. Nothing of yours is left on this computer.
done-logged-out-kept = You are logged out. Your cache and history stay on this computer.
logged-out-here-only = No server could be told, so the session is still open there. Close it later from another device: log in and change your password.
done-password = Your password is changed. All other sessions have ended.
done-closed = Your account is closed, and nothing of yours is left on this computer. Goodbye.
done-profile = Your profile is changed.
done-published = Published as #{ $n }.
done-redweet = You redweeted @{ $nick }.
done-unredweet = You no longer redweet that dweet of @{ $nick }.
done-favourite = That dweet of @{ $nick } is now a favourite of yours.
done-unfavourite = That dweet of @{ $nick } is no longer a favourite of yours.
done-bookmark = That dweet of @{ $nick } is bookmarked. “bookmarks” shows all.
done-unbookmark = That dweet of @{ $nick } is no longer bookmarked.
done-deleted = The dweet is deleted.
done-follow = You follow @{ $nick } now.
done-unfollow = You no longer follow @{ $nick }.
done-block = You block @{ $nick } now.
done-unblock = You no longer block @{ $nick }.
done-mute = You mute @{ $nick } now.
done-unmute = You no longer mute @{ $nick }.

## Not done

refused = The server says no: { $words }
refused-too-many-wait = Too many requests. Try again in { $n } seconds.
refused-nick-taken = This nick is taken. Choose another one.
refused-wrong-password = Wrong nick or password.
refused-own-password = That is not your password.
refused-not-found = That is gone, or it is not for you to see.
refused-not-yours-or-gone = That dweet is not yours, or it is gone already.
refused-no-such-nick = Nobody here has the nick @{ $words }. Check how it is written.
refused-oneself = You cannot do this to yourself.
refused-blocked = One of you blocks the other.
refused-forbidden = This is not allowed for that dweet.
refused-conflict = It was changed at the same moment. Try again.
refused-key-reused = It was sent before in another form. Try again.
failure-session-ended = Your session has ended. Type “login” to enter again.
failure-session-ended-command = Your session has ended. Log in again: tertulia login NICK
failure-mistrusted = What the ring says of their devices does not hold: it is not signed by them, or not what it said before. Nothing was sent. Ask them by another way, and tell the people who run the ring.
failure-unreachable = No server answers. Try again later; repeating is safe.
failure-unreachable-command = No server answers. Try again later, or name another one with --server; repeating is safe.
failure-nothing-near = No server is known, and within { $n } seconds none answered on this network. Type “server” and its address: whoever runs it knows it.
failure-nothing-near-command = No server is known, and within { $n } seconds none answered on this network. Give its address: --server https://192.168.1.5:8787, as whoever runs it tells you.
hint-text-kept = Your text is kept: press the up arrow and Enter to send it again.
failure-untrusted = You have not accepted { $server }, so nothing was sent to it. Ask whoever runs it for this fingerprint: { $fingerprint }
failure-untrusted-command = { $server } has a certificate that nobody has vouched for yet. If this is its fingerprint, pass it with --ca-fingerprint: { $fingerprint }
failure-authority-changed = You have not accepted the new certificate of { $server }, so nothing was sent to it. Ask whoever runs it what happened. New fingerprint: { $fingerprint }
failure-authority-changed-command = TAKE CARE: the certificate of { $server } is not the one you trusted. Somebody may be listening in, or the ring was made anew. If this new fingerprint is right, pass it with --ca-fingerprint: { $fingerprint }
failure-local = This computer has a problem: { $why }
missed-no-connection = there is no connection
missed-timed-out = it did not answer in time
missed-bad-certificate = its certificate is not valid
missed-busy = it is busy, try again
missed-nonsense = what answers there is not Tertulia
misuse-no-server = No server is known. Type “server” to name one.
misuse-no-server-command = No server is known. Name one with --server.
misuse-which-ring = Several rings answer on this network:
misuse-which-ring-command = Several rings answer on this network. Say which one you mean with --server:
ring-unnamed = a ring without a name
misuse-not-a-server = “{ $typed }” is no address of a server. Example: 192.168.1.5:8787
misuse-not-logged-in = You are not logged in. Type “login”, or “register” for a new account.
misuse-not-logged-in-command = You are not logged in. First: tertulia login NICK, or tertulia register NICK
misuse-logged-in-as = You are logged in as @{ $nick }. First: tertulia logout
misuse-no-such-number = The last list has no number { $n }. Use one that stands before a dweet, without the #.
misuse-not-a-dweet = “{ $typed }” is no dweet. Type the number that stands before it, such as 1.
misuse-not-a-nick = “{ $typed }” is no nick. A nick has 1 to 30 letters a to z, digits or _
misuse-not-a-certificate = There is no certificate in { $path }
misuse-not-a-fingerprint = “{ $typed }” is no SHA-256 fingerprint: it has 64 hexadecimal digits.
misuse-to-oneself = A message goes to somebody else.
misuse-not-a-message = This cannot be sent: { $why }.
misuse-no-device = This computer cannot read your messages yet. Connect to the ring once, for example with “chats”.
misuse-other-agent = Another agent is running for you on this computer.
misuse-cannot-listen = This computer cannot be reached at “{ $address }”: { $why }. Name another port with --direct-address IP:PORT.
misuse-other-devices = You read your messages on another computer. This one cannot be added to it yet: use that one, or log out there first.
unfit-empty = There is no text. Type a few words.
unfit-too-long = That is { $over } too many: at most { $max } characters. Shorten it.
unfit-too-large = That has too many marks on its letters. Simplify it.
unfit-control = There is a character in it that cannot be shown. Type it without.
no-keyboard = There is no keyboard to ask at. Set TERTULIA_PASSWORD (for passwd also TERTULIA_NEW_PASSWORD).

## Questions

ask-nick-new = Choose a nick (a to z, digits, _):
ask-nick = Your nick:
ask-nick-whom = Whose nick? (Ctrl-C: back)
ask-name = The name to show (Enter: just the nick):
ask-bio = A few words about you:
ask-password-new = Choose a password (8 characters or more):
ask-password-again = The same password again:
ask-password-current = Your password now:
ask-password = Your password:
ask-text = Your dweet (at most 225 characters):
ask-message = Your message:
ask-reply = Your answer (at most 225 characters):
ask-dweet = Which dweet? Its number, such as 1 (Ctrl-C: back):
ask-search = What do you look for? (Ctrl-C: back)
ask-server = Address of the server, such as 192.168.1.5:8787:
ask-which-ring = Which one? Its number (Ctrl-C: back):
ask-delete = Delete it everywhere? (yes or no)
ask-trust = Is it the same? (yes or no)
ask-close-nick = Type your nick to confirm:
word-yes = yes
word-no = no
word-keep = keep
cancelled = Cancelled. Nothing was done.
still-asking = Asking the servers, one moment…
page-go-on = — Press Enter to go on, q to stop —
trust-first = { $server } is new to this computer. So that nobody can listen in, compare this fingerprint with the one that the server printed (ask whoever runs it):
trust-changed = TAKE CARE: { $server } shows ANOTHER certificate than the one you trusted. Somebody may be listening in. Say yes only if you know that the ring was made anew:
alarm-authority = TAKE CARE: { $server } is named as a machine of your ring, but shows another certificate. It was sent nothing, and another machine was asked. Ask whoever runs it what happened.
close-warning = This closes the account @{ $nick } for good: all your dweets disappear, and nobody can ever have this nick again.
hint-yes-no = Type yes or no.
hint-which-ring = Type the number that stands before the ring, 1 to { $max }.
hint-nick = A nick has 1 to 30 letters a to z, digits or _ (no spaces, no accents). Example: ana_1
hint-no-list = There is no list yet. First show some dweets, for example with “feed”.
hint-password-empty = Type the password, then press Enter. Ctrl-C goes back.
hint-password-short = That is too short: at least { $min } characters.
hint-password-differs = The two are not the same. Once more, please.
hint-close-nick = That is not your nick. Type it exactly, or press Ctrl-C to go back.
hint-search-empty = Type the beginning of a nick or a name, or a #hashtag. Ctrl-C goes back.
hint-did-you-mean = “{ $typed }” is not among the choices. Did you mean “{ $near }”?
hint-unknown = “{ $typed }” is not among the choices. Type one of the words below, or “help”.
hint-nothing-more = There is nothing more of that. “feed” shows new dweets.

## The console

welcome = Welcome to Tertulia.
welcome-back = Welcome back, @{ $nick }.
goodbye = Goodbye.
console-how-to-leave = To leave, type “quit” or press Ctrl-D.
server-reached = The server answers.
panel-hint = Type a word and press Enter, it asks for the rest. Or at once: reply 3 Hello!
panel-hint-start = Type a word and press Enter. New here? Type: register
help-numbers = A number alone, such as 3, shows that dweet and its answers. Tab completes words and nicks.
group-start = Start
group-read = Read
group-write = Write
group-people = People
group-messages = Messages
group-you = You
takes-text = TEXT
takes-nick = NICK
takes-words = WORDS
takes-address = ADDRESS
word-register = register
word-login = login
word-server = server
word-help = help
word-quit = quit
word-feed = feed
word-more = more
word-latest = latest
word-thread = thread
word-search = search
word-notifications = notifications
word-chats = chats
word-read = read
word-send = send
word-favourites = favourites
word-bookmarks = bookmarks
word-dweet = dweet
word-reply = reply
word-redweet = redweet
word-unredweet = unredweet
word-favourite = favourite
word-unfavourite = unfavourite
word-bookmark = bookmark
word-unbookmark = unbookmark
word-delete = delete
word-profile = profile
word-follow = follow
word-unfollow = unfollow
word-block = block
word-unblock = unblock
word-mute = mute
word-unmute = unmute
word-name = name
word-bio = bio
word-passwd = password
word-whoami = whoami
word-delete-account = delete-account
word-logout = logout
help-register = make an account
help-login = enter with your nick and password
help-server = use another server
help-help = what each word does
help-quit = leave the console; you stay logged in
help-feed = new dweets of those you follow
help-more = the next ones of the list
help-latest = the newest dweets, seen or not
help-thread = a dweet and its answers
help-search = find people by nick or name, or a #hashtag
help-notifications = who followed, mentioned, redweeted you
help-chats = your private conversations
help-read = the messages with somebody
help-send = a private message: send NICK TEXT
help-favourites = what you marked as a favourite
help-bookmarks = what you keep for later
help-dweet = publish up to 225 characters
help-reply = answer a dweet
help-redweet = pass a dweet on to your followers
help-unredweet = undo a redweet
help-favourite = mark a dweet as a favourite
help-unfavourite = no longer a favourite
help-bookmark = keep a dweet for later; nobody else knows
help-unbookmark = keep it no longer
help-delete = delete a dweet of yours
help-profile = somebody's profile and dweets, or yours
help-follow = see somebody's dweets in your feed
help-unfollow = no longer
help-block = neither of you sees the other
help-unblock = undo a block
help-mute = see somebody no more; they do not know
help-unmute = undo a mute
help-name = change the name you are shown by
help-bio = change what you say about yourself
help-passwd = change your password
help-whoami = who is logged in here
help-delete-account = close your account for good
help-logout = leave, and remove all of yours from here

## The help of the commands

help-usage = Usage
help-commands = Commands
help-arguments = Arguments
help-options = Options
help-flag = Show this help
help-version = Show the version
usage-unknown = “{ $argument }” is not known here.
usage-no-command = There is no command “{ $command }”.
usage-missing = Something is missing: { $argument }
usage-no-value = A value is missing behind { $argument }
usage-bad-value = “{ $value }” does not fit { $argument }
usage-conflict = “{ $argument }” does not go together with the rest.
usage-no-verb = What is to be done? For most people: tertulia console
usage-near = Did you mean “{ $near }”?
usage-help = All that can be said: { $program } --help
about-register = Create an account, and log in
about-login = Log in on this computer
about-logout = Log out, and remove all that you left on this computer
about-whoami = Show who is logged in, and how much is unseen
about-passwd = Change your password; all other sessions end
about-profile = Show a profile: yours, or somebody's
about-profile-edit = Change your name or your bio
about-dweet = Publish a dweet
about-reply = Answer a dweet
about-redweet = Pass a dweet on to your followers
about-unredweet = Undo a redweet
about-favourite = Mark a dweet as a favourite
about-favourites = Show your favourites
about-bookmark = Bookmark a dweet, to find it again
about-bookmarks = Show your bookmarks
about-delete = Delete a dweet of yours, everywhere
about-follow = Follow somebody
about-unfollow = Follow somebody no longer
about-block = Block somebody: neither of you sees the other
about-mute = Mute somebody: you see them no more, and they do not know
about-feed = Ask for new dweets; asking again brings older ones
about-thread = Show a dweet with what it answers and its answers
about-search = Search for people by nick or name, or for a #hashtag
about-notifications = Show what others did that concerns you
about-send = Send a private message, which only its recipient can read
about-chats = Show your conversations
about-read = Read the messages with somebody
about-agent = Receive and send messages in the background, until it is stopped
about-delete-account = Close your account for good; the nick is never given out again
about-console = The interactive console
arg-server = A server of the ring; several are tried in turn, and remembered
arg-json = Answer with one JSON object on standard output
arg-data = Where this client keeps its data
arg-ca = File with the certificate of the ring's authority
arg-ca-fingerprint = SHA-256 fingerprint of the ring's authority, to be trusted without asking
arg-nick = The nick
arg-register-nick = The nick: letters a to z, digits and _
arg-login-nick = Your nick
arg-profile-nick = Whose; without it, yours
arg-name = The name by which you are shown
arg-bio = A few words about you
arg-keep = Keep the cache and the history
arg-dweet = The dweet: a number of the last list (3), or an id
arg-text = The text, at most 225 characters; - reads it from standard input
arg-send-nick = To whom
arg-send-text = The text, at most 10 000 characters; - reads it from standard input
arg-read-nick = With whom
arg-read-limit = How many, at most 200
arg-read-follow = Stay, and show what comes
arg-agent-direct = Take messages directly from other people’s computers too. Whoever on this ring you do not block can then learn your address
arg-agent-direct-address = Where others reach this computer, and at which port it listens. Without it: at all its addresses, at a free port
arg-undo = No longer
arg-latest = The newest ones, and mark nothing as seen
arg-limit = How many, at most 40
arg-before = Only what is older than this id
arg-words = What for
arg-yes = Do not ask whether you are sure

# Private messages.
messages-offline = No machine answers: this is what this computer keeps.
messages-empty = No messages with @{ $nick } yet.
messages-you = you
chats-empty = No conversations yet. Begin one: send NICK TEXT
agent-begins = Receiving and sending for @{ $nick }. Ctrl-C stops it.
agent-direct = Others may bring messages directly: everybody on this ring whom you do not block can learn your address.
agent-connected = A machine answers again.
agent-disconnected = No machine answers; it is tried again.
chats-unread = { $n ->
    [one] 1 new
   *[other] { $n } new
}
sent-waiting = Kept. @{ $nick } will get it when the ring can be reached and they have a device.
sent-at-home = Sent to @{ $nick }.
sent-delivered = Delivered to @{ $nick }.
sent-refused = @{ $nick } does not take it.
progress-waiting = waits here
progress-at-home = sent
progress-delivered = delivered
progress-read = read
progress-refused = not taken
alarm-new-identity = ATTENTION: @{ $nick } has a new identity. They may have begun anew, or somebody else is in their place: ask them.
alarm-other-history = ATTENTION: the ring shows different histories of the devices of @{ $nick }. Somebody may be listening: tell the people who run the ring.
alarm-unopened = A message from @{ $nick } could not be opened. Ask them to send it again.
