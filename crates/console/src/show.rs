//! How an answer looks on the screen.

use crate::answer::Answer;
use crate::community;
use crate::device;
use crate::look::Look;
use crate::message;
use crate::moderation;
use crate::page::{Page, Style};
use crate::plain;
use tertulia_client::dweet::{Author, Dweet};
use tertulia_client::feed::FeedPage;
use tertulia_client::notification::{Kind, Notification};
use tertulia_client::profile::{Profile, ProfilePage};
use tertulia_client::relation::{Relation, Tie};
use tertulia_client::search::Found;
use tertulia_client::session::{LoggedOut, Me};
use tertulia_client::view::Seen;
use tertulia_types::entity::{Unseen, Visibility};

/// How far the text of a dweet stands from the left.
const INDENT: usize = 3;

/// The page of an answer.
#[must_use]
pub fn show(look: &Look, answer: &Answer) -> Page {
    let mut page = look.page();
    match answer {
        Answer::Registered(me) => done(look, &mut page, "done-registered", &me.author.nick),
        Answer::LoggedIn(me) => done(look, &mut page, "done-logged-in", &me.author.nick),
        Answer::LoggedOut { how, kept } => logged_out(look, &mut page, how, *kept),
        Answer::PasswordChanged => page.text(Style::Good, 0, &look.words.say("done-password")),
        Answer::PassphraseChanged { is_set } => {
            let key = match is_set {
                true => "done-passphrase-set",
                false => "done-passphrase-removed",
            };
            page.text(Style::Good, 0, &look.words.say(key));
        }
        Answer::Closed => page.text(Style::Good, 0, &look.words.say("done-closed")),
        Answer::Me { me, unseen } => whoami(look, &mut page, me, *unseen),
        Answer::Profile {
            page: seen,
            numbers,
            head,
        } => profile_page(look, &mut page, seen, numbers, *head),
        Answer::Edited(profile) => {
            page.text(Style::Good, 0, &look.words.say("done-profile"));
            profile_head(look, &mut page, profile);
        }
        Answer::Published { dweet, number } => {
            page.text(
                Style::Good,
                0,
                &look.words.with("done-published", &[("n", (*number).into())]),
            );
            dweet_lines(look, &mut page, Some(*number), dweet);
        }
        Answer::Marked { dweet, mark, undo } => {
            let key = format!("done-{}{}", if *undo { "un" } else { "" }, mark.word());
            done(look, &mut page, &key, &dweet.author.nick);
        }
        Answer::List {
            page: seen,
            numbers,
            head,
        } => {
            offline(look, &mut page, seen);
            if seen.what.dweets.is_empty() {
                let key = if *head { "list-empty" } else { "list-ended" };
                page.text(Style::Dim, 0, &look.words.say(key));
            }
            dweets(look, &mut page, numbers, &seen.what.dweets);
        }
        Answer::Deleted { .. } => page.text(Style::Good, 0, &look.words.say("done-deleted")),
        Answer::Tied { nick, tie, .. } => done(look, &mut page, tie_key(*tie), nick),
        Answer::Feed { page: seen, numbers } => feed(look, &mut page, seen, numbers),
        Answer::Thread { thread, numbers } => {
            offline(look, &mut page, thread);
            dweets(look, &mut page, numbers, &thread.what.dweets);
        }
        Answer::Found { found: what, numbers } => found(look, &mut page, what, numbers),
        Answer::Notifications {
            page: seen,
            numbers,
            head,
        } => notifications(look, &mut page, seen, numbers, *head),
        Answer::Decided { decision, decided } => moderation::decided(look, &mut page, decision, decided),
        Answer::Invited(invitation) => community::invited(look, &mut page, invitation),
        Answer::Invitations(all) => community::invitations(look, &mut page, all),
        Answer::Disinvited { .. } => page.text(Style::Good, 0, &look.words.say("done-disinvited")),
        Answer::Reported { about, .. } => {
            let nick = about.trim_start_matches('@');
            done(look, &mut page, "done-reported", nick);
        }
        Answer::Reports { page: reports, head } => community::reports(look, &mut page, reports, *head),
        Answer::Resolved(_) => page.text(Style::Good, 0, &look.words.say("done-resolved")),
        Answer::Community(settled) => community::community(look, &mut page, settled),
        Answer::Settled(_) => page.text(Style::Good, 0, &look.words.say("done-settled")),
        Answer::Noted(people) => moderation::noted(look, &mut page, people),
        Answer::Modlog { page: log, head } => moderation::log(look, &mut page, log, *head),
        Answer::Sent { sent, alarms } => {
            message::alarms(look, &mut page, alarms);
            message::sent(look, &mut page, sent);
        }
        Answer::Chats {
            chats,
            requests,
            alarms,
            offline,
        } => {
            message::head(look, &mut page, alarms, *offline);
            message::asked(look, &mut page, *requests);
            message::chats(look, &mut page, chats);
        }
        Answer::Requests { requests, offline } => {
            message::head(look, &mut page, &[], *offline);
            message::requests(look, &mut page, requests);
        }
        Answer::AgentStopped { was_running } => {
            let key = match was_running {
                true => "agent-stopped",
                false => "agent-none",
            };
            page.text(Style::Good, 0, &look.words.say(key));
        }
        Answer::Contacts { contacts, offline } => {
            message::head(look, &mut page, &[], *offline);
            message::contacts(look, &mut page, contacts);
        }
        Answer::FoundMessages(found) => message::found(look, &mut page, found),
        Answer::Exported { messages, file } => {
            let file = file.display().to_string();
            let said = look
                .words
                .with("exported", &[("n", (*messages).into()), ("file", file.into())]);
            page.text(Style::Good, 0, &said);
        }
        Answer::Room { room, alarms } => {
            message::alarms(look, &mut page, alarms);
            message::room(look, &mut page, room);
        }
        Answer::Devices(devices) => device::devices(look, &mut page, devices),
        Answer::ShutOut(shut_out) => device::shut_out(look, &mut page, shut_out),
        Answer::DevicesReset => page.text(Style::Good, 0, &look.words.say("done-reset")),
        Answer::Linked { linked, is_new } => device::linked(look, &mut page, linked, *is_new),
        Answer::BackedUp(backed_up) => device::backed_up(look, &mut page, backed_up),
        Answer::Restored(restored) => device::restored(look, &mut page, restored),
        Answer::Verification(verification) => device::verification(look, &mut page, verification),
        Answer::Messages {
            with,
            messages,
            alarms,
            offline,
        } => {
            message::head(look, &mut page, alarms, *offline);
            message::messages(look, &mut page, with, messages);
        }
    }
    page
}

/// "3 unseen", "800+ unseen", or that all is seen.
#[must_use]
pub fn unseen(look: &Look, unseen: Unseen) -> String {
    let key = if unseen.more { "unseen-more" } else { "unseen" };
    look.words.with(key, &[("n", unseen.count.into())])
}

fn done(look: &Look, page: &mut Page, key: &str, nick: &str) {
    page.text(Style::Good, 0, &look.words.with(key, &[("nick", nick.into())]));
}

fn tie_key(tie: Tie) -> &'static str {
    match tie {
        Tie::Follow => "done-follow",
        Tie::Unfollow => "done-unfollow",
        Tie::Block => "done-block",
        Tie::Unblock => "done-unblock",
        Tie::Mute => "done-mute",
        Tie::Unmute => "done-unmute",
    }
}

fn logged_out(look: &Look, page: &mut Page, how: &LoggedOut, kept: bool) {
    let key = if kept {
        "done-logged-out-kept"
    } else {
        "done-logged-out"
    };
    page.text(Style::Good, 0, &look.words.say(key));
    if *how == LoggedOut::HereOnly {
        page.text(Style::Bad, 0, &look.words.say("logged-out-here-only"));
    }
}

fn whoami(look: &Look, page: &mut Page, me: &Seen<Me>, waiting: Option<Unseen>) {
    offline(look, page, me);
    let Author { nick, name } = &me.what.author;
    let values = [
        ("nick", nick.as_str().into()),
        ("name", name.as_str().into()),
        ("server", me.what.server.as_str().into()),
    ];
    page.text(Style::Plain, 0, &look.words.with("whoami", &values));
    if let Some(waiting) = waiting {
        page.text(Style::Dim, 0, &unseen(look, waiting));
    }
}

/// Says loudly that what follows is not of now.
fn offline<T>(look: &Look, page: &mut Page, seen: &Seen<T>) {
    if let Some(as_of) = seen.as_of {
        page.text(Style::Bad, 0, &look.as_of(as_of));
        page.gap();
    }
}

fn feed(look: &Look, page: &mut Page, seen: &Seen<FeedPage>, numbers: &[u32]) {
    offline(look, page, seen);
    let FeedPage {
        dweets: rows,
        unseen: waiting,
        older,
    } = &seen.what;
    if rows.is_empty() {
        page.text(Style::Plain, 0, &look.next("feed-empty"));
        return;
    }
    dweets(look, page, numbers, rows);
    let next = match waiting {
        Some(waiting) if waiting.count > 0 || waiting.more => {
            format!("{} {}", unseen(look, *waiting), look.next("feed-more-new"))
        }
        _ if *older => format!("{} {}", look.words.say("unseen-none"), look.next("feed-more-old")),
        _ => look.words.say("feed-end"),
    };
    page.text(Style::Dim, 0, &next);
}

fn profile_page(look: &Look, page: &mut Page, seen: &Seen<ProfilePage>, numbers: &[u32], head: bool) {
    offline(look, page, seen);
    if head {
        profile_head(look, page, &seen.what.profile);
    }
    if seen.what.dweets.is_empty() {
        page.text(
            Style::Dim,
            0,
            &look.words.say(if head { "profile-empty" } else { "list-end" }),
        );
    } else {
        dweets(look, page, numbers, &seen.what.dweets);
    }
}

fn profile_head(look: &Look, page: &mut Page, profile: &Profile) {
    let (name, nick) = strong_and_plain(&profile.author);
    page.pieces(0, &[(Style::Strong, &name), (Style::Plain, &nick)]);
    if !profile.bio.is_empty() {
        page.text(Style::Plain, INDENT, &profile.bio);
    }
    let counts = [
        look.words
            .with("count-followers", &[("n", profile.followers.into())]),
        look.words
            .with("count-following", &[("n", profile.following.into())]),
        look.words
            .with("count-dweets", &[("n", profile.dweet_count.into())]),
    ];
    page.text(Style::Dim, INDENT, &counts.join(" · "));
    if let Some(relation) = profile.relation {
        let said = relation_words(look, relation);
        if !said.is_empty() {
            page.text(Style::Key, INDENT, &said.join(" · "));
        }
    }
    page.gap();
}

fn relation_words(look: &Look, relation: Relation) -> Vec<String> {
    let Relation {
        following,
        followed_by,
        blocking,
        muting,
    } = relation;
    let all = [
        (following, "relation-following"),
        (followed_by, "relation-followed-by"),
        (blocking, "relation-blocking"),
        (muting, "relation-muting"),
    ];
    all.into_iter()
        .filter(|(so, _)| *so)
        .map(|(_, key)| look.words.say(key))
        .collect()
}

fn found(look: &Look, page: &mut Page, found: &Found, numbers: &[u32]) {
    if *found == Found::default() {
        page.text(Style::Plain, 0, &look.words.say("search-empty"));
        return;
    }
    for person in &found.people {
        let (name, nick) = strong_and_plain(person);
        page.pieces(0, &[(Style::Strong, &name), (Style::Plain, &nick)]);
    }
    if !found.people.is_empty() {
        page.gap();
    }
    dweets(look, page, numbers, &found.dweets);
    if !found.hashtags.is_empty() {
        let tags: Vec<String> = found.hashtags.iter().map(|tag| format!("#{tag}")).collect();
        page.text(Style::Key, 0, &tags.join(" "));
    }
}

fn notifications(look: &Look, page: &mut Page, seen: &Seen<Vec<Notification>>, numbers: &[u32], head: bool) {
    offline(look, page, seen);
    if seen.what.is_empty() {
        page.text(
            Style::Plain,
            0,
            &look
                .words
                .say(if head { "notifications-empty" } else { "list-end" }),
        );
    }
    let mut numbers = numbers.iter();
    for Notification {
        kind,
        created_at,
        who,
        dweet,
        ..
    } in &seen.what
    {
        let key = match kind {
            Kind::Mention => "notification-mention",
            Kind::Redweet => "notification-redweet",
            Kind::Favourite => "notification-favourite",
            Kind::Follow => "notification-follow",
        };
        let said = look.words.with(key, &[("who", names(who).into())]);
        page.pieces(
            0,
            &[
                (Style::Plain, &said),
                (Style::Dim, " · "),
                (Style::Dim, &look.age(*created_at)),
            ],
        );
        if let Some(dweet) = dweet {
            let mark = numbers
                .next()
                .map(|number| format!("#{number} "))
                .unwrap_or_default();
            let text = plain::line(&dweet.text);
            page.pieces(INDENT, &[(Style::Key, &mark), (Style::Plain, &text)]);
        }
    }
}

fn dweets(look: &Look, page: &mut Page, numbers: &[u32], dweets: &[Dweet]) {
    for (number, dweet) in numbers.iter().zip(dweets) {
        dweet_lines(look, page, Some(*number), dweet);
        page.gap();
    }
}

fn dweet_lines(look: &Look, page: &mut Page, number: Option<u32>, dweet: &Dweet) {
    let mark = number.map(|number| format!("#{number} ")).unwrap_or_default();
    let (name, nick) = strong_and_plain(&dweet.author);
    let mut meta = vec![look.age(dweet.created_at)];
    if let Some(nick) = &dweet.answers {
        meta.push(
            look.words
                .with("dweet-answers", &[("nick", nick.as_str().into())]),
        );
    }
    if dweet.visibility == Visibility::Private {
        meta.push(look.words.say("dweet-private"));
    }
    if let Some(by) = &dweet.redweeted_by {
        meta.push(
            look.words
                .with("dweet-redweeted-by", &[("who", names(by).into())]),
        );
    }
    let meta: Vec<String> = meta.into_iter().map(|piece| format!(" · {piece}")).collect();
    let head = [
        (Style::Key, mark.as_str()),
        (Style::Strong, name.as_str()),
        (Style::Plain, nick.as_str()),
    ];
    let pieces: Vec<_> = head
        .into_iter()
        .chain(meta.iter().map(|piece| (Style::Dim, piece.as_str())))
        .collect();
    page.pieces(0, &pieces);
    if !dweet.warning.is_empty() {
        let warning = look
            .words
            .with("dweet-warning", &[("warning", dweet.warning.as_str().into())]);
        page.text(Style::Bad, INDENT, &warning);
    }
    page.text(Style::Plain, INDENT, &dweet.text);
    let counts = counts(look, dweet);
    if !counts.is_empty() {
        page.text(Style::Dim, INDENT, &counts.join(" · "));
    }
}

/// What others, and oneself, did with a dweet: only what there is.
fn counts(look: &Look, dweet: &Dweet) -> Vec<String> {
    let all = [
        (dweet.replies, "count-replies", false, ""),
        (
            dweet.redweets,
            "count-redweets",
            dweet.redweeted,
            "redweeted-by-you",
        ),
        (
            dweet.favourites,
            "count-favourites",
            dweet.favourited,
            "favourite-of-yours",
        ),
    ];
    let said = all.into_iter().filter(|(count, _, mine, _)| *count > 0 || *mine);
    said.map(|(count, key, mine, mine_key)| {
        // The count is told to its author's home, and may come a moment after the deed.
        let count = look.words.with(key, &[("n", count.max(u64::from(mine)).into())]);
        if mine {
            format!("{count} ({})", look.words.say(mine_key))
        } else {
            count
        }
    })
    .collect()
}

/// The name that stands out, and the nick behind it; the nick alone where there is no other name.
fn strong_and_plain(author: &Author) -> (String, String) {
    let nick = format!("@{}", author.nick);
    if author.name == author.nick {
        (nick, String::new())
    } else {
        (author.name.clone(), format!(" {nick}"))
    }
}

fn names(author: &Author) -> String {
    if author.name == author.nick {
        format!("@{}", author.nick)
    } else {
        format!("{} @{}", author.name, author.nick)
    }
}
