# What those who run a machine read, in English. Same keys and variables as in the other languages: a test compares them.

## The commands

about = A microblog and a messenger that a community runs on machines of its own
about-up = Run a machine in the foreground; the first start founds a ring
about-join = Run a machine in the foreground as one more of a ring; the first start joins it
about-token = Print the command with which another machine joins
about-status = Show the ring: its machines, what is where, and what may be lost
about-lookup = Show the way from this machine to the home of a nick
about-leave = Hand over all that this machine holds, and stop it
about-remove = Remove another machine of the ring for good
about-recover = Go on from the copies that are left here, when the others are lost for good
about-backup = Save the whole ring in a file while it serves
about-restore = Bring a ring back from a backup, on a new data directory: the old machines are strangers to it
about-key-file = Make a key file, under which a machine's data is encrypted
about-completion = Print the completion script for a shell
about-man = Write the man pages into a directory
arg-machine-data = Directory of this machine's data [default: data]
arg-http = Address and port for people and apps; any address but loopback speaks TLS [default: 127.0.0.1:8787]
arg-peer = Address and port for other machines; port 0 takes a free one [default: 127.0.0.1:8788]
arg-advertise = Where other machines reach this one, if that is not --peer: HOST or HOST:PORT; repeatable
arg-key-file = File with the key under which this machine's data is encrypted; settled when the ring is founded
arg-no-entry = Let no people and no newcomers in here, and recommend other machines to them
arg-replicas = On how many machines everybody's data is to be, 1 to 9; settled when the ring is founded [default: 5]
arg-names = A name by which people reach this machine, for its certificate; repeatable
arg-tls-cert = Certificate chain (PEM) to be used instead of the ring's own authority
arg-tls-key = Private key (PEM) of that certificate
arg-title = What the community is called
arg-log = How much is logged: error, warn, info, debug, or per part as in tertulia_node=debug [default: warn]
arg-log-json = Log one JSON object a line
arg-rate-limit = Limits of how often people and addresses may ask; off is for load tests
arg-config = Settings file [default: tertulia.toml in the data directory]
arg-contacts = Peer address of a member, several in turn; without one, a member is looked for on this network
arg-token = The token that a member has made (tertulia token). Other users of this computer see what stands on a command line: the variable or --token-file keeps it from them
arg-token-file = A file that holds the token, if --token gives none; - is standard input
arg-behind-proxies = A proxy that says for whom it asks (X-Forwarded-For): address, or network such as 10.0.0.0/8; repeatable
arg-open-metrics = Let anybody read the figures at /metrics, and not only who is on this computer
arg-force = Remove it though ranges lose their majority by that
arg-join-as = What the machine is to be: auto leaves it to the ring, or to the token
arg-token-as = What the other machine may be
arg-valid = How long the token is valid: 90m, 24h, 7d
arg-watch = Go on showing it, whenever it changes
arg-machine = The machine's id, or its first digits, as status shows it
arg-from-this-copy = What is on this machine's disk is the truth from now on
arg-backup-to = The file to write; it must not be there yet
arg-backup-file = The backup
arg-backup-passphrase-file = A file that holds the passphrase of the backup; - is standard input
arg-restore-key-file = File with the key under which the machine's data is to be encrypted
arg-key-file-to = The file to write, apart from the data; it must not be there yet
arg-completion-shell = Which shell
arg-man-directory = Where to

## A machine that runs

up-running = Tertulia { $version } is running at { $url }
up-data = Its data is in { $data }
up-encrypted = It is encrypted there, under the key in { $file }
up-fingerprint = Fingerprint of the ring's authority (SHA-256): { $fingerprint }
up-trust = How phones and computers come to trust it: { $url }/trust
up-next = Next, in another terminal:
up-apps = Apps made for Mastodon work with the same address.
up-stop = Ctrl-C stops the machine.
up-stopping = Stopping: what was begun is being finished. Ctrl-C again ends at once.
up-stopped = Stopped.
up-left = This machine has left the ring, and has stopped. The others have all it had: { $data } may be deleted.
up-resumes = This machine belongs to the ring “{ $ring }” already, and goes on.
up-replicas-settled = The ring keeps { $settled } copies: that was settled when it was founded, and --replicas changes nothing.
up-another-machine = One more machine for this ring (the token is valid for 24 hours):
up-another-machine-how = One more machine for this ring: tertulia token --data { $data } prints what to run there.
up-here-too = (On this same computer, add: { $more })
up-peer-loopback = Machines on other computers cannot reach this one yet: start it with --peer and an address that they reach.
key-file-made = A new key is in { $file }. Keep a copy of it in a safe place, apart from the data: without it nobody can read what is encrypted under it.
key-file-exists = { $file } is there already, and a key file is never written over. Name another file.
key-file-unusable = The key file { $file } cannot be used: { $why }.
key-file-no-key = { $file } is no key file: it has to hold 64 hexadecimal digits. “tertulia key-file FILE” makes one.
key-file-open = Others can read or change the key file { $file }, so it protects nothing. Make it yours alone: chmod 600 { $file }
key-file-inside = The key file { $file } lies in the data directory: whoever has the data would have the key. Keep it elsewhere.
key-file-missing = The data in { $data } is encrypted. Give the file that holds its key with --key-file. Nothing was done.
key-file-other = The data in { $data } is encrypted under another key. Give the key file with which it began, with --key-file. Nothing was done.
key-file-in-the-clear = The data in { $data } is not encrypted, which was settled when its ring was founded. Start without --key-file; “tertulia backup” and “tertulia restore --key-file” make an encrypted ring of it. Nothing was done.
key-file-damaged = { $file } is damaged, so nothing was done. Give --data another directory, and join the ring from there.
join-joined = This machine has joined the ring “{ $ring }”.
join-no-token = A token is missing. Run “tertulia token” on a machine of the ring, and use the command that it prints.
join-other-ring = The data directory { $data } belongs to another ring, “{ $ring }”, so nothing was done. Give --data another directory.
join-bad-token = That is no token: it is damaged, or cut off. Copy the whole line that “tertulia token” has printed.

## What operators ask for

token-command = Run this on the other computer (valid for { $time }):
token-loopback = Note: this machine is reached from this computer alone. For others, start it with --peer and an address that they reach.
unreached-no-directory = There is no directory { $data }. Name the machine's data directory with --data.
unreached-not-running = No machine runs on { $data }. Start it (tertulia up --data { $data }), or name another directory with --data.
unreached-not-yours = You may not use { $data }. Become the user who runs the machine, and try again.
unreached-silent = The machine on { $data } does not answer. Look at its log, or try again.
unreached-nonsense = The machine on { $data } answers what this program does not understand. Use the program that the machine was started with.
unreached-io = The machine on { $data } cannot be asked: { $why }
denied-busy = The machine has too many commands at once. Try again.
denied-version = The machine was started with another version of this program. Use that one, or start the machine anew.
denied-malformed = The machine does not understand this.
denied-stopping = The machine is stopping.
denied-not-now = That cannot be done now: something that is needed does not answer. See “tertulia status”, and try again.
denied-unknown-machine = The ring knows no machine { $machine }. “tertulia status” shows which there are.
denied-ambiguous-machine = More than one machine begins with { $machine }. Type more digits.
denied-itself = That is this machine itself. To take it out of the ring: tertulia leave
denied-last-machine = This is the last machine that stores: it cannot leave, or everything would be lost. To end the ring, stop it and delete its data.
denied-no-key = This machine is a gateway and holds no key of the ring: it can neither admit nor remove. Use a machine that stores.
denied-nothing-lost = There is nothing to recover: every group with a copy here still has its majority. See “tertulia status”.
denied-needed = Without { $machine } these ranges have no majority: { $detail }. What it alone has of them would be lost. If it can come back, start it. If it never will, run “tertulia recover --from-this-copy” on the machine that has the best copy, and remove it then; or add --force.
denied-newer-elsewhere = The machine { $detail } answers, and its copy is the one to go on from. Run “tertulia recover --from-this-copy” there.
denied-failed = It could not be done: { $detail }
no-keyboard-yes = There is no keyboard to ask at. If you are sure, add --yes.
leave-begun = This machine hands over what it holds. Ctrl-C here does not stop that; the same command shows it again.
leave-progress = Copies still here: { $n } of { $all }.
leave-catching-up = Waiting until another copy of { $group } has caught up.
leave-no-leader = Waiting for { $group } to have a leader.
leave-silent = Waiting for { $machine }, which does not answer.
leave-done = Done: this machine has left the ring, and stops.
leave-broken-off = The machine has stopped before it had left. Start it again: it goes on with that.
remove-alive = The machine { $machine } answers. If it is to go in peace, run “tertulia leave” there instead. Removed, it is refused everywhere, for good, and what only it has is lost.
ask-remove = Remove it all the same? (yes or no)
remove-done = The machine { $machine } is removed. Its key is refused everywhere; its copies are made again elsewhere.
recover-warning = TAKE CARE. What is on this machine's disk becomes the truth for every range that has lost its majority. Whatever only the lost machines had is lost for good, and they are refused for ever. Do this only when they will not come back.
recover-ranges = Ranges without a majority: { $ranges }
ask-recover = Type the name of the ring (“{ $ring }”) to go on.
ask-recover-name = Name of the ring:
hint-recover = That is not the name of the ring. Type it exactly, or press Ctrl-C to go back.
recover-done = { $n ->
    [one] 1 range goes on from the copy on this machine.
   *[other] { $n } ranges go on from the copies on this machine.
}
recover-next = Now let other machines join (tertulia token), so that nothing depends on this disk alone.
backup-copying = Copies are being made: { $percent } % of the ring.
backup-fetching = Copies are being fetched: { $percent } %.
backup-done = The ring is saved in { $file }: { $n ->
    [one] 1 range
   *[other] { $n } ranges
}, { $megabytes } MB.
backup-several-moments = Not all machines could be told to wait: the ranges may have been copied at slightly different moments. What somebody had just done may show on one side only (a follow that is not counted, a dweet that a reader has not got). If you can, make another backup when “tertulia status” is calm.
backup-secret = Keep it safe: whoever has it and its passphrase has all that your machines know of people, and the key to your ring. Nobody can open it without the passphrase, you neither.
backup-secret-in-the-clear = KEEP IT SECRET. It is not encrypted, and whoever has it has all that your machines know of people, and the key to your ring. To put it under a passphrase: --passphrase-file
backup-file-exists = There is a file { $file } already, and it stays as it is. Name another one with --to.
backup-not-written = { $file } cannot be written: { $why }
backup-passphrase-unread = The passphrase cannot be read from { $file }: { $why }
backup-passphrase-empty = There is no passphrase in { $file }: its first line is empty.
restore-reading = The backup is being read: { $percent } %.
restore-done = The ring “{ $ring }” is in { $data }, whole on this one machine: { $n ->
    [one] 1 range.
   *[other] { $n } ranges.
}
restore-next = Start it (tertulia up --data { $data }, with its addresses), and let other machines join (tertulia token).
restore-old-machines = The machines of before are strangers to this ring, and it to them. Do not start them any more: people whose programs remember them would be led astray.
restore-not-empty = { $file } is not empty, so nothing was done. A restore needs a new directory: name one with --data.
restore-no-backup = { $file } is no backup of a ring. “tertulia backup” makes one.
restore-version = This program cannot read { $file }: { $why }. Use the version of Tertulia that made it, or a newer one.
restore-locked = { $file } is under a passphrase. Give a file that holds it with --passphrase-file.
restore-wrong-passphrase = This passphrase does not open { $file }, or the file is damaged at its beginning. Nothing was done.
restore-cut-off = The backup is not complete: its end is missing. Nothing was done; use another one.
restore-damaged = The backup is damaged: it is not as it was written. Nothing was done; use another one.
restore-clock = This backup was made at { $why }, and the clock of this computer says that this is yet to come. Set the clock, and try again.
restore-encrypted = The ring in { $file } encrypts its data at rest. Give the machine a key file with --key-file; “tertulia key-file FILE” makes one. Nothing was done.
restore-failed = It could not be done ({ $file }): { $why }. What is in the data directory belongs to no ring: delete it before you try again.

## The ring on the screen

ring-storing = { $n ->
    [one] 1 machine
   *[other] { $n } machines
}
ring-gateways = { $n ->
    [one] and 1 gateway
   *[other] and { $n } gateways
}
ring-replicas = { $n ->
    [one] 1 copy wanted
   *[other] { $n } copies wanted
}
ring-tolerates = { $n ->
    [0] No machine may be lost now.
    [one] Any one machine may be lost now.
   *[other] Any { $n } machines may be lost now.
}
ring-asked = asked at { $machine }
ring-partial = NOT ALL ANSWERED: this is only a part.
ring-head-machine = machine
ring-head-role = role
ring-head-state = state
ring-head-position = at
ring-head-leads = leads
ring-head-copies = copies
ring-head-address = address
ring-head-range = range
ring-head-share = share
ring-head-size = size
ring-head-end = ends at
ring-head-leader = leader
ring-head-held = copies
ring-role-node = node
ring-role-replica = replica
ring-role-gateway = gateway
ring-state-alive = alive
ring-state-suspect = suspect
ring-state-dead = dead
ring-state-leaving = leaving
ring-state-left = left
ring-state-removed = removed
ring-seconds = { $n } s
ring-gone-left = Left: { $machines }
ring-gone-removed = Removed for good: { $machines }
ring-more = and { $n } more
ring-ahead = { $time } ahead
ring-behind = { $time } behind
ring-free = { $size } left
ring-legend-learner = (in brackets): follows, does not vote
ring-legend-lag = { $mark }n: log entries behind
ring-legend-silent = { $mark } does not answer
ring-legend-anew = { $mark } its machine does not have it: it is made anew
ring-legend-orphan = { $mark } nobody stands there
ring-note-no-majority = { $count ->
    [one] The range { $which } has lost its majority and does not serve.
   *[other] The ranges { $which } have lost their majority and do not serve.
} Bring the machines back that kept it; if they are lost for good: tertulia recover --from-this-copy
ring-note-no-leader = { $count ->
    [one] The range { $which } has no leader just now.
   *[other] The ranges { $which } have no leader just now.
}
ring-note-weak = { $count ->
    [one] The range { $which } bears no further loss until its copies are made again.
   *[other] The ranges { $which } bear no further loss until their copies are made again.
}
ring-note-sick-copies = Copies cannot be used at { $which }: its log says why. They are made anew from others; their files stay where they are until then, and after that as *.sick in the data directory.
ring-note-suspect = Does not answer: { $which }
ring-note-dead = Dead: { $which }. Copies are made again where there is room. What is dead may come back; if it never will: tertulia remove ID
ring-note-low-disk = The disk is nearly full at { $which }: make room, or give that machine a larger one. A full disk stops a machine.
ring-note-clock-off = The clock is wrong at { $which }: that machine leads nothing. Set it right.
ring-note-leaving = About to leave: { $which }
ring-note-few-copies = { $count ->
    [one] The range { $which } has fewer copies that count than it ought to have; they are being made.
   *[other] The ranges { $which } have fewer copies that count than they ought to have; they are being made.
}
ring-note-orphaned-end = { $count ->
    [one] At the end of { $which } stands no machine: the next one that joins takes that place.
   *[other] At the ends of { $which } stand no machines: the next ones that join take these places.
}
ring-note-versions-differ = { $n } different versions run. Bring all machines to the newest one.
ring-note-one-machine = One machine: what its disk loses is lost. { $n ->
    [one] With one more, one may be lost.
   *[other] With { $n } more, one may be lost.
} (tertulia token)
ring-note-two-machines = Two machines: nothing may be lost yet, though the second one follows. A third one makes the ring fault tolerant. (tertulia token)
ring-note-more-machines = { $n ->
    [one] With 1 more machine one more may be lost.
   *[other] With { $n } more machines one more may be lost.
}
ring-event-joined = { $machine } has joined
ring-event-leaving = { $machine } is about to leave
ring-event-left = { $machine } has left
ring-event-suspect = { $machine } does not answer
ring-event-returned = { $machine } answers again
ring-event-dead = { $machine } is dead: its copies are made again elsewhere
ring-event-removed = { $machine } was removed for good
ring-event-split = a range was cut for { $machine }: new group { $group }
ring-event-adopted = { $machine } stands at the end of { $group } now
ring-event-moved = { $machine } keeps a copy of { $group } now
ring-event-leader = { $machine } leads { $group } now
ring-event-recovered = { $group } was made anew from the copy of { $machine }
ring-missed = (more happened than could be shown)
ring-watch-end = Ctrl-C goes back.
ring-watch-cut = … { $n } lines more; a higher window shows them.
ring-path-head = @{ $nick } has its home at { $position }
ring-path-home = That is group { $group }, range { $range }
ring-path-leader = It is led by { $machine }
ring-path-no-leader = Nobody leads it just now.
ring-hop-start = was asked
ring-hop-known = remembered
ring-hop-finger = a finger
ring-hop-successor = a successor
ring-hop-host = keeps a copy
join-nobody-near = No machine of this ring answered on the local network within { $seconds } s. Give the address of one: TERTULIA_TOKEN=… tertulia join HOST:PORT

## Why a machine does not get into a ring

enter-no-contact = No machine of the ring is known. Give the address of one, as “tertulia token” prints it.
enter-no-address = “{ $contact }” is no address of a machine. Give HOST:PORT, as “tertulia token” prints it.
enter-unreachable = { $contact } cannot be reached ({ $reason }). Check the address, whether the machine runs, and that no firewall is between.
enter-not-a-peer = { $contact } answers, but not as a machine of a ring ({ $reason }). Give its --peer address, not the one for browsers and apps (--http).
enter-other-ring = { $contact } does not belong to the ring that the token is for: its authority is not { $expected }. Give the address of a machine of that ring, or make a token there. If both were right, somebody is between you and the ring.
enter-version = { $contact } runs another version of Tertulia ({ $reason }). Bring both machines to the same version.
enter-silent = { $contact } has not answered in time. Try again, or ask another machine of the ring.
enter-refused = { $contact } does not let this machine in. { $reason }
enter-garbled = { $contact } has answered something that this version does not understand. Bring both machines to the same version.
refused-removed = This machine was removed from the ring for good. With another data directory (--data) it is another machine, which may join.
refused-stranger = This machine is not a member of the ring. Join it with a token.
refused-no-proof = The machine has not proved that it has its key. Try again.
refused-too-long = It has too many addresses, or too long ones. Give fewer with --peer.
refused-names = The ring makes out no certificate to these names. Give the machine one of its own: --tls-cert and --tls-key.
refused-no-key = That machine is a gateway and cannot let others in. Give the address of a machine that stores.
refused-too-many = There were too many attempts from this address. Wait a minute and try again.
refused-full = The ring has as many machines as it can have.
refused-sick = The machine that was asked has a problem, which its log names. Try again, or ask another one.
refused-key-file-missing = This ring encrypts its data at rest. Give this machine a key file of its own with --key-file; “tertulia key-file FILE” makes one.
refused-in-the-clear = This ring does not encrypt its data at rest, which was settled when it was founded. Join without --key-file.
token-expired = { $minutes ->
    [one] The token expired a minute ago.
   *[other] The token expired { $minutes } minutes ago.
} Make a new one on a machine of the ring with “tertulia token”, or set the clock, if it is wrong.
token-foreign-ring = The token is for the ring { $token }, and this is { $here }. Give the address of a machine of that ring, or a token of this one.
token-forged = This ring has not made the token. Make one on a machine of the ring with “tertulia token”.
token-role = The token lets a machine in as { $allowed } only, and this one wants to be a { $asked }. Join as { $allowed }, or make another token with “tertulia token”.
token-maker-removed = The token was made by the machine { $machine }, which has been removed from the ring. Make a new one on another machine with “tertulia token”.
