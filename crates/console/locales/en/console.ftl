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
failure-locked = What this computer keeps lies under a passphrase. Set TERTULIA_PASSPHRASE, or type it at a keyboard.
failure-wrong-passphrase = That is not the passphrase.
failure-in-use = Another process uses { $file }. End it first: tertulia agent --stop
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
misuse-no-terminal = The console wants a terminal. In a script each word is a command of its own: tertulia --help
misuse-logged-in-as = You are logged in as @{ $nick }. First: tertulia logout
misuse-no-such-number = The last list has no number { $n }. Use one that stands before a dweet, without the #.
misuse-not-a-dweet = “{ $typed }” is no dweet. Type the number that stands before it, such as 1.
misuse-not-a-nick = “{ $typed }” is no nick. A nick has 1 to 30 letters a to z, digits or _
misuse-not-a-certificate = There is no certificate in { $path }
misuse-not-a-fingerprint = “{ $typed }” is no SHA-256 fingerprint: it has 64 hexadecimal digits.
misuse-to-oneself = A message goes to somebody else.
misuse-oneself = You are in the room yourself. To go: room leave
misuse-not-a-contact = @{ $nick } is not among your contacts: contacts add NICK
misuse-no-request = { $typed } asks for nothing. Who does: requests
misuse-contacts-full = You can have { $n } contacts, those that you removed among them.
misuse-not-a-name = A name has 1 to 80 characters.
misuse-no-such-room = You have no room { $typed }. Your rooms stand among your conversations: chats
misuse-which-room = Several rooms are called so: { $rooms }. Type one of them.
misuse-not-in-room = You are not in that room any more.
misuse-in-room = @{ $nick } is in the room, or invited, already.
misuse-nobody-in-room = @{ $nick } is not in the room.
misuse-room-full = A room holds { $n } people.
misuse-not-a-message = This cannot be sent: { $why }.
misuse-no-device = This computer cannot read your messages yet. Connect to the ring once, for example with “chats”.
misuse-other-agent = Another agent is running for you on this computer.
misuse-cannot-listen = This computer cannot be reached at “{ $address }”: { $why }. Name another port with --direct-address IP:PORT.
unfit-empty = There is no text. Type a few words.
unfit-too-long = That is { $over } too many: at most { $max } characters. Shorten it.
unfit-too-large = That has too many marks on its letters. Simplify it.
unfit-control = There is a character in it that cannot be shown. Type it without.
no-keyboard = There is no keyboard to ask at. Set TERTULIA_PASSWORD (for passwd also TERTULIA_NEW_PASSWORD, for account backup and restore TERTULIA_RECOVERY_CODE), or pass --yes where it is asked whether you are sure.

## Questions

ask-nick-new = Choose a nick (a to z, digits, _):
ask-nick = Your nick:
ask-nick-whom = Whose nick? (Ctrl-C: back)
ask-name = The name to show (Enter: just the nick):
ask-bio = A few words about you:
ask-password-new = Choose a password (8 characters or more):
ask-passphrase = The passphrase of what this computer keeps:
ask-passphrase-new = Choose a passphrase (8 characters or more; several words are better):
done-passphrase-set = What this computer keeps lies under the passphrase now. Nobody can give it back to you.
done-passphrase-removed = What this computer keeps lies under no passphrase any more.
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
hint-room = Rooms: room create NAME @NICK… · room add +ROOM @NICK… · room remove +ROOM @NICK… · room rename +ROOM NAME · room people +ROOM · room leave +ROOM
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
takes-chat = NICK|+ROOM
takes-room = WHAT …
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
word-contacts = contacts
word-requests = requests
word-refuse = refuse
word-contact = contact
word-uncontact = uncontact
word-find = find
word-room = room
room-word-create = create
room-word-add = add
room-word-remove = remove
room-word-leave = leave
room-word-rename = rename
room-word-people = people
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
help-read = the messages with somebody, or of a room (read +garden)
help-send = a private message: send NICK TEXT, or send +ROOM TEXT
help-contacts = the people whom you want to find again
help-requests = who writes to you for the first time, and rooms that strangers let you into
help-accept = agree to a request: accept NICK, or accept +ROOM
help-refuse = refuse it, and block who asks: refuse NICK, or refuse +ROOM
help-contact = add a contact, or call them otherwise: contact NICK NAME
help-uncontact = remove a contact
help-find = your messages with these words in them
help-room = rooms: create NAME @NICK… · add, remove +ROOM @NICK… · rename +ROOM NAME · people, leave +ROOM
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
about-send = Send a private message, which only its recipients can read
about-chats = Show your conversations
about-read = Read the messages with somebody, or of a room
about-contacts = The people whom you want to find again; all your devices know them, and no machine of the ring
about-contacts-add = Add somebody
about-contacts-rename = Call a contact otherwise
about-contacts-list = Show your contacts
about-contacts-remove = Remove a contact; your messages stay
about-requests = Show what strangers ask for: who writes to you for the first time, and rooms that they have let you into
about-requests-accept = Agree: from now on they learn that their messages came, and were read
about-requests-list = Show them
about-requests-refuse = Refuse: what was said is removed, a room is left, and who has asked is blocked
arg-requests-accept-from = Who asks: a nick, or a room (+garden)
arg-requests-refuse-from = Who asks: a nick, or a room (+garden)
about-find = Search your messages
about-export = Write all your messages into a file, in the clear: one JSON object on each line
about-room = Rooms: private conversations of several people
about-room-create = Make a room, and let people in
about-room-add = Let people in
about-room-remove = Put people out: what is said from then on they cannot read
about-room-leave = Leave a room
about-room-rename = Give a room another name
about-room-people = Show who is in a room
about-agent = Receive and send messages in the background; send, room and console start it (TERTULIA_AGENT=off: not)
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
arg-send-to = To whom: a nick, or a room (+garden)
arg-send-text = The text, at most 10 000 characters; - reads it from standard input
arg-read-with = With whom: a nick, or a room (+garden)
arg-contacts-add-nick = Whom
arg-contacts-add-name = What you call them
arg-contacts-rename-nick = Whom
arg-contacts-rename-name = What you call them
arg-contacts-remove-nick = Whom
arg-find-words = What for
arg-find-limit = How many, at most 200
arg-export-file = The file; - is standard output
arg-room = The room: +garden
arg-nicks = Whom
arg-room-create-name = What it is called
arg-room-create-nicks = Whom to let in
arg-room-rename-name = The new name
arg-agent-stop = Stop the agent that runs for you on this computer
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
messages-empty = No messages with { $with } yet.
messages-you = you
messages-you-whom = you
room-left = you are not in this room any more
room-to-come = invited; comes in when they have a device
room-to-go = is being put out
contacts-empty = No contacts yet. Add one: contacts add NICK
contacts-verified = verified
found-no-message = No message has these words.
exported = { $n ->
    [one] 1 line
   *[other] { $n } lines
} written into { $file }. Everybody who reads this file can read your messages.
event-began = { $who } made this room: { $name }
event-began-you = you made this room: { $name }
event-added = { $who } let { $subject } in
event-added-you = you let { $subject } in
event-removed = { $who } put { $subject } out
event-removed-you = you put { $subject } out
event-out = you are not in this room any more
event-left = { $who } left
event-left-you = you left
event-renamed = { $who } named the room { $name }
event-renamed-you = you named the room { $name }
chats-empty = No conversations yet. Begin one: send NICK TEXT
chats-requests = { $n ->
    [one] 1 stranger asks for a conversation: requests
   *[other] { $n } strangers ask for a conversation: requests
}
chats-requests-command = { $n ->
    [one] 1 stranger asks for a conversation: tertulia requests
   *[other] { $n } strangers ask for a conversation: tertulia requests
}
requests-empty = Nobody asks for anything.
request-room = has let you into { $room }
request-texts = { $n ->
    [one] 1 message
   *[other] { $n } messages
}
requests-next = They learn nothing before you agree: read NICK · accept NICK · refuse NICK
requests-next-command = They learn nothing before you agree: tertulia read NICK, tertulia requests accept NICK, tertulia requests refuse NICK
agent-begins = Receiving and sending for @{ $nick }. Ctrl-C stops it.
agent-stopped = The agent is stopped.
agent-none = No agent runs for you on this computer.
agent-direct = Others may bring messages directly: everybody on this ring whom you do not block can learn your address.
agent-connected = A machine answers again.
agent-disconnected = No machine answers; it is tried again.
chats-unread = { $n ->
    [one] 1 new
   *[other] { $n } new
}
sent-waiting = Kept. { $to } will get it when the ring can be reached and there is a device.
sent-at-home = Sent to { $to }.
sent-delivered = Delivered to { $to }.
sent-refused = { $to } does not take it.
sent-expired = { $to } has not come for it in 30 days; it is at home no more.
progress-waiting = waits here
progress-at-home = sent
progress-delivered = delivered
progress-read = read
progress-refused = not taken
progress-expired = expired: nobody came for it in 30 days
alarm-new-identity = ATTENTION: @{ $nick } has a new identity. They may have begun anew, or somebody else is in their place: ask them.
alarm-other-history = ATTENTION: the ring shows different histories of the devices of @{ $nick }. Somebody may be listening: tell the people who run the ring.
alarm-unopened = A message from @{ $nick } could not be opened. Ask them to send it again.

# Several devices.
misuse-other-devices = You have another device already, and this one has yet to be let in. Type “link” here and on the other one; or “restore”, if you have a recovery code and no other device.
misuse-other-devices-command = You have another device already, and this one has yet to be let in. Run “tertulia link” here, and then on the other one; or “tertulia account restore”, if you have a recovery code and no other device.
hint-link = This computer cannot read your messages yet. Type “link” here and on your other device; or “restore”, if you have a recovery code and no other device.
hint-link-command = This computer cannot read your messages yet. Run “tertulia link” here, and then on your other device; or “tertulia account restore”, if you have a recovery code and no other device. Without either: tertulia devices reset
misuse-this-device = That is this device. To leave it, type “logout”.
misuse-this-device-command = That is this device. To leave it: tertulia logout
misuse-shut-out = Another device of yours has shut this one out. If this is yours, type “link” here and on the other one to let it in again; else “logout” removes all that is here.
misuse-shut-out-command = Another device of yours has shut this one out. If this is yours, run “tertulia link” here and on the other one to let it in again; else “tertulia logout” removes all that is here.
misuse-no-other-device = You have no device yet that could let this one in. Write or read a message, and this one is the first.
misuse-no-other-device-command = You have no device yet that could let this one in. Use it (tertulia chats), and it is the first.
misuse-no-such-code = Nobody waits with this code: it is used up, older than ten minutes, or another person’s. Type “link” on the new computer once more, and take the code that it shows then.
misuse-no-such-code-command = Nobody waits with this code: it is used up, older than ten minutes, or another person’s. Run “tertulia link” on the new computer once more, and take the code that it shows then.
misuse-link-broken = The other device did not go on. Nothing is lost: type “link” on both once more.
misuse-link-broken-command = The other device did not go on. Nothing is lost: run “tertulia link” on both once more.
misuse-other-identity = You have begun anew with another identity since, so this one cannot be taken back. Let this computer in with “link” first; then “restore” with a file brings what was said.
misuse-other-identity-command = You have begun anew with another identity since, so this one cannot be taken back. Let this computer in first (tertulia link); then “tertulia account restore FILE” brings what was said.
misuse-not-shown = The number of @{ $nick } was not shown here, or has changed since. Type “verify { $nick }”, and compare it first.
misuse-not-shown-command = The number of @{ $nick } was not shown here, or has changed since. Compare it first: tertulia verify { $nick }
misuse-held-back = Not sent: @{ $nick } has another identity than the one that you verified. Ask them by another way. Then type “verify { $nick }” to compare again, or “verify { $nick } accept”.
misuse-held-back-command = Not sent: @{ $nick } has another identity than the one that you verified. Ask them by another way. Then compare again (tertulia verify { $nick }), or take it as it is (tertulia verify { $nick } --accept).
restored-devices = These are your devices. Shut out those that are lost, with “revoke”:
restored-devices-command = These are your devices. Shut out those that are lost, with “tertulia devices revoke ID”:
verify-held-back = This is ANOTHER identity than the one that you verified, and nothing is sent to @{ $nick }. If the numbers are the same, type “verify { $nick } confirm”.
verify-held-back-command = This is ANOTHER identity than the one that you verified, and nothing is sent to @{ $nick }. If the numbers are the same: tertulia verify { $nick } --confirm
verify-verified = You have verified @{ $nick }.
verify-verified-command = You have verified @{ $nick }.
verify-not-yet = If @{ $nick } sees the same number, type “verify { $nick } confirm”. If not, somebody stands between you.
verify-not-yet-command = If @{ $nick } sees the same number: tertulia verify { $nick } --confirm. If not, somebody stands between you.
misuse-devices-change = Your devices are being changed from elsewhere at the same moment. Try again.
misuse-not-a-device = No one device of yours begins with “{ $typed }”. “devices” shows them.
misuse-not-a-code = A code has 7 groups of 5 letters and digits.
misuse-mistyped-code = Group { $n } of the code is mistyped, or in the wrong place.
misuse-code-needed = Your recovery code was made on another device. Type it, or make a new one with --new-code.
misuse-no-backup = There is no backup of yours in the ring. Name the file, if you have one.
misuse-wrong-code = This recovery code does not open the backup.
misuse-damaged-backup = That is no backup, or it is damaged. Use another copy of it.
misuse-newer-backup = A newer Tertulia has made this backup. Use that version.
misuse-old-backup = This is your backup number { $n }, and the newest is { $newest }. Use that one, or take this one all the same with --older.
misuse-no-identity = @{ $nick } has no device yet, and so no safety number.
alarm-other-than-verified = ATTENTION: @{ $nick } HAS ANOTHER IDENTITY THAN THE ONE THAT YOU VERIFIED. Somebody may be in their place. Nothing is sent to them until you say so: verify { $nick }
alarm-older-disk = This computer was put back to an earlier state: what came and what was said since is missing here. Its keys are made anew.
alarm-unfit-package = A device of @{ $nick } could not be let in: the keys that it left do not fit. It hears nothing of what is said until it has left others; their other devices do.
alarm-older-ring = The ring was brought back from a backup: messages that waited there for you, and what you did there since, may be missing. Your conversations begin with new keys.
link-code = Type this code on your other device (there: link):
    
        { $code }
    
    This computer is { $device }. The code is good once, for ten minutes. Waiting…
link-guest = The computer “{ $computer }” ({ $device }) asks to read and write your messages.
link-met = The other device answers.
link-messages = { $n } messages so far…
link-entered = The new computer is one of your devices.
reset-warning = This makes all your devices void, begins a new identity on this computer, and warns everybody who writes to you. Do it only if all devices are lost and you have no recovery code.
backup-code = YOUR RECOVERY CODE. Write it down and keep it safe: it is never shown again.
    
        { $code }
    
    With your nick, your password and this code you get your identity and people back when all devices are lost; with the file also your messages.
ask-link-code = The code that the new computer shows:
ask-link = Is it yours, and does it show the same name? (yes or no)
ask-reset = Begin anew? (yes or no)
ask-recovery-code = Your recovery code:
ask-device = Which device? The beginning of its name:
devices-empty = You have no device yet.
devices-this = this one
done-shut-out = { $device } is shut out and logged out. It reads nothing that is sent from now on.
done-reset = You have begun anew. Those who write to you are warned: tell them.
done-linked-here = This computer is one of your devices now. { $n } messages came with it.
done-linked = The new computer is one of your devices now. { $n } messages were handed over.
groups-waiting = { $n ->
    [one] One conversation has
   *[other] { $n } conversations have
} yet to be renewed: it is done before anything is said there.
done-backed-up = { $n } messages are backed up in { $file }. Your identity and people are in the ring too.
done-restored-identity = You are yourself again: same identity, nobody is warned. { $n } messages came back.
done-restored = { $n } messages came back.
verify-number = The number of you and @{ $nick }. Compare it with what they see, by voice or side by side:
takes-file = FILE
takes-device = DEVICE
word-verify = verify
word-devices = devices
word-link = link
word-revoke = revoke
word-backup = backup
word-restore = restore
word-confirm = confirm
device-word-reset = reset
word-accept = accept
help-verify = compare the safety number: verify NICK
help-devices = the computers on which you read messages; devices reset begins anew when all are lost
help-link = let a new computer in: on both
help-revoke = shut a lost device out
help-backup = keep what may not be lost
help-restore = take it back, with your recovery code
about-devices = Show your devices: the computers on which you read messages
about-devices-revoke = Shut a device out that is lost: it reads nothing that is sent from now on
about-devices-reset = Begin anew when all devices are lost and there is no recovery code: everybody who writes to you is warned
about-link = Let a new computer read your messages: run it there, then here with the code that it shows
about-verify = Compare your safety number with somebody, to know that nobody stands between you
about-account = Back up what may not be lost, or take it back
about-account-backup = Back up your identity, people and messages under a recovery code
about-account-restore = Take a backup back, with your recovery code
about-account-passphrase = A passphrase without which nobody reads what this computer keeps
about-account-passphrase-set = Choose one, or another one; it is asked for whenever it is needed
about-account-passphrase-remove = Do without
arg-devices-revoke-device = The beginning of its name, as the list shows it
arg-code = The code that the new computer shows; without it, this one shows a code or asks for one
arg-label = What this computer is to be called among your devices; others can see it
arg-verify-nick = With whom
arg-confirm = The number that was shown is the one that they see
arg-accept = Take their new identity without comparing
arg-account-backup-file = Where to write it; without it, tertulia-NICK.backup in this directory
arg-account-restore-file = The file; without it, your identity and people alone come back
arg-new-code = Make a new recovery code; the one before opens later backups no more
arg-older = Take it although there is a newer backup
misuse-backup-waits = Your identity waits in the ring, and nobody is warned if you take it back: type “restore”, with your recovery code.
misuse-backup-waits-command = Your identity waits in the ring, and nobody is warned if you take it back with your recovery code: tertulia account restore. If you do not have the code: tertulia devices reset
