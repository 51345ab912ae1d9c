//! What homes answer, dressed as API entities: absolute addresses, HTML, null rules.
//!
//! **Invariant:** every character that somebody typed passes through [`escape_into`]; the only markup in an answer is ours.
//!
//! Deliberately absent: any question to a home. What is needed here has been asked before.

use crate::origin::Origin;
use crate::page::escape_into;
use tertulia_types::entity::{self, EmptyList, Timestamp};
use tertulia_types::text::{self, Part};
use tertulia_types::view::{
    AccountView, Body, Content, DweetView, Flags, NotificationKind, NotificationView, Shown, Visibility,
};
use tertulia_types::{AccountId, view};

/// Milliseconds since 1970 as a moment.
pub(crate) fn moment(unix_ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(i64::try_from(unix_ms).unwrap_or(i64::MAX))
}

/// A person's profile.
pub(crate) fn account(origin: &Origin, account: &AccountView) -> entity::Account {
    let nick = account.nick.as_str();
    let avatar = format!("{origin}/pictures/avatar.png");
    let header = format!("{origin}/pictures/header.png");
    entity::Account {
        id: account.id.to_string(),
        username: nick.to_owned(),
        acct: nick.to_owned(),
        display_name: if account.name.is_empty() {
            nick.to_owned()
        } else {
            account.name.clone()
        },
        locked: false,
        bot: account.bot,
        discoverable: account.discoverable,
        group: false,
        indexable: false,
        created_at: moment(account.id.unix_ms()),
        note: html(origin, &account.note, &[]),
        url: format!("{origin}/@{nick}"),
        uri: format!("{origin}/users/{nick}"),
        avatar_static: avatar.clone(),
        avatar,
        header_static: header.clone(),
        header,
        followers_count: account.followers,
        following_count: account.following,
        statuses_count: account.dweets,
        last_status_at: account.last_dweet_ms.map(|ms| moment(ms).date()),
        emojis: EmptyList,
        fields: EmptyList,
        roles: EmptyList,
    }
}

/// A dweet as this viewer sees it, or as anybody does who has no token.
pub(crate) fn status(
    origin: &Origin,
    dweet: &DweetView,
    viewer: Option<(AccountId, Flags)>,
) -> entity::Status {
    match &dweet.content {
        Content::Dweet(body) => original(origin, dweet, body, viewer),
        // W17 (docs/apps.md): a redweet shows what the original shows, under its own id, author and time.
        Content::Redweet(inner) => {
            let inner = status(origin, inner, viewer);
            let author = account(origin, &dweet.author);
            let uri = format!("{}/statuses/{}", author.uri, dweet.id);
            entity::Status {
                id: dweet.id.to_string(),
                created_at: moment(dweet.id.unix_ms()),
                url: Some(format!("{}/{}", author.url, dweet.id)),
                uri,
                account: author,
                pinned: None,
                reblog: Some(Box::new(inner.clone())),
                ..inner
            }
        }
    }
}

/// A dweet with its viewer's flags.
pub(crate) fn shown(origin: &Origin, shown: &Shown, viewer: Option<AccountId>) -> entity::Status {
    status(origin, &shown.dweet, viewer.map(|viewer| (viewer, shown.flags)))
}

fn original(
    origin: &Origin,
    dweet: &DweetView,
    body: &Body,
    viewer: Option<(AccountId, Flags)>,
) -> entity::Status {
    let author = account(origin, &dweet.author);
    let flags = viewer.map(|(_, flags)| flags);
    let is_own = viewer.is_some_and(|(viewer, _)| viewer == dweet.author.id);
    entity::Status {
        id: dweet.id.to_string(),
        created_at: moment(dweet.id.unix_ms()),
        in_reply_to_id: body.reply_to.map(|parent| parent.id.to_string()),
        in_reply_to_account_id: body.reply_to.map(|parent| parent.author.to_string()),
        sensitive: body.sensitive || !body.spoiler.is_empty(),
        spoiler_text: body.spoiler.clone(),
        visibility: visibility(body.visibility),
        language: body.language.clone(),
        uri: format!("{}/statuses/{}", author.uri, dweet.id),
        url: Some(format!("{}/{}", author.url, dweet.id)),
        replies_count: dweet.replies,
        reblogs_count: dweet.redweets,
        favourites_count: dweet.favourites,
        edited_at: dweet.edited_ms.map(moment),
        content: html(origin, &body.text, &body.mentions),
        reblog: None,
        application: body.application.as_ref().map(application),
        account: author,
        media_attachments: EmptyList,
        mentions: body
            .mentions
            .iter()
            .map(|mention| self::mention(origin, mention))
            .collect(),
        tags: body.tags.iter().map(|name| status_tag(origin, name)).collect(),
        emojis: EmptyList,
        card: (),
        poll: (),
        text: None,
        favourited: flags.map(|flags| flags.has(Flags::FAVOURITED)),
        reblogged: flags.map(|flags| flags.has(Flags::REDWEETED)),
        muted: flags.map(|flags| flags.has(Flags::MUTED)),
        bookmarked: flags.map(|flags| flags.has(Flags::BOOKMARKED)),
        pinned: is_own.then_some(false),
        filtered: flags.map(|_| EmptyList),
    }
}

/// For whom, in Mastodon's words.
pub(crate) fn visibility(visibility: Visibility) -> entity::Visibility {
    match visibility {
        Visibility::Public => entity::Visibility::Public,
        Visibility::Unlisted => entity::Visibility::Unlisted,
        Visibility::Private => entity::Visibility::Private,
    }
}

fn application(application: &view::Application) -> entity::StatusApplication {
    entity::StatusApplication {
        name: application.name.clone(),
        website: application.website.clone(),
    }
}

fn mention(origin: &Origin, mention: &view::Mention) -> entity::Mention {
    let nick = mention.nick.to_string();
    entity::Mention {
        id: mention.id.to_string(),
        url: format!("{origin}/@{nick}"),
        acct: nick.clone(),
        username: nick,
    }
}

fn status_tag(origin: &Origin, name: &str) -> entity::StatusTag {
    entity::StatusTag {
        name: name.to_owned(),
        url: tag_address(origin, name),
    }
}

/// A hashtag by itself.
pub(crate) fn tag(origin: &Origin, name: &str) -> entity::Tag {
    entity::Tag {
        name: name.to_owned(),
        url: tag_address(origin, name),
        history: Vec::new(),
        following: None,
    }
}

fn tag_address(origin: &Origin, name: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("{origin}/tags/{encoded}")
}

/// How the asker stands to an account.
pub(crate) fn relationship(id: AccountId, stands: &view::Relationship) -> entity::Relationship {
    entity::Relationship {
        id: id.to_string(),
        following: stands.following,
        showing_reblogs: stands.showing_redweets,
        followed_by: stands.followed_by,
        blocking: stands.blocking,
        blocked_by: stands.blocked_by,
        muting: stands.muting,
        muting_notifications: stands.muting_notifications,
        ..entity::Relationship::default()
    }
}

/// What others did.
pub(crate) fn notification(
    origin: &Origin,
    told: &NotificationView,
    viewer: AccountId,
) -> entity::Notification {
    entity::Notification {
        id: told.id.to_string(),
        kind: match told.kind {
            NotificationKind::Mention => entity::NotificationKind::Mention,
            NotificationKind::Redweet => entity::NotificationKind::Reblog,
            NotificationKind::Favourite => entity::NotificationKind::Favourite,
            NotificationKind::Follow => entity::NotificationKind::Follow,
        },
        created_at: moment(told.id.unix_ms()),
        account: account(origin, &told.from),
        status: told
            .dweet
            .as_ref()
            .map(|dweet| shown(origin, dweet, Some(viewer))),
        group_key: format!("ungrouped-{}", told.id),
    }
}

/// Plain text as HTML: paragraphs, line breaks, and links for addresses, people who exist, and hashtags.
pub(crate) fn html(origin: &Origin, plain: &str, mentions: &[view::Mention]) -> String {
    if plain.is_empty() {
        return String::new();
    }
    let mut html = String::with_capacity(plain.len() * 2 + 16);
    html.push_str("<p>");
    for part in text::parts(plain) {
        match part {
            Part::Plain(words) => words_into(&mut html, words),
            Part::Url(url) => link_into(&mut html, url),
            Part::Mention { written, nick, host } => {
                let is_here = host.is_none_or(|host| host.eq_ignore_ascii_case(origin.host()));
                if is_here && mentions.iter().any(|mention| mention.nick.as_str() == nick) {
                    let link = format!(
                        "<a href=\"{origin}/@{nick}\" class=\"u-url mention\">@<span>{nick}</span></a>"
                    );
                    html.push_str("<span class=\"h-card\">");
                    html.push_str(&link);
                    html.push_str("</span>");
                } else {
                    escape_into(&mut html, written);
                }
            }
            Part::Hashtag { written, name } => {
                html.push_str("<a href=\"");
                html.push_str(&tag_address(origin, &name));
                html.push_str("\" class=\"mention hashtag\" rel=\"tag\">#<span>");
                escape_into(&mut html, written.trim_start_matches('#'));
                html.push_str("</span></a>");
            }
        }
    }
    html.push_str("</p>");
    html
}

/// An empty line ends a paragraph; any other line break is one.
fn words_into(html: &mut String, words: &str) {
    let mut rest = words;
    while let Some(at) = rest.find('\n') {
        escape_into(html, &rest[..at]);
        let after = rest[at..].trim_start_matches('\n');
        let breaks = rest.len() - at - after.len();
        html.push_str(if breaks > 1 { "</p><p>" } else { "<br />" });
        rest = after;
    }
    escape_into(html, rest);
}

fn link_into(html: &mut String, url: &str) {
    html.push_str("<a href=\"");
    escape_into(html, url);
    html.push_str("\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">");
    escape_into(html, url);
    html.push_str("</a>");
}

#[cfg(test)]
mod tests {
    use super::{html, notification, status};
    use crate::origin::Origin;
    use tertulia_types::view::{
        AccountView, Application, Body, Content, DweetView, Flags, Mention, NotificationKind,
        NotificationView, ReplyTo, Shown, Visibility,
    };
    use tertulia_types::{AccountId, DweetId, NotificationId};

    const ORIGIN: (&str, &str) = ("http", "localhost:8080");
    /// 2026-11-21T04:43:04.931Z, in slot 7.
    const ID: i64 = (1_795_236_184_931 << 16) | 7;

    fn origin() -> Origin {
        Origin::new(ORIGIN.0, ORIGIN.1)
    }

    fn account(number: i64, nick: &str) -> AccountView {
        AccountView {
            id: AccountId::from_number(ID + (number << 16)).expect("an id"),
            nick: nick.parse().expect("a nick"),
            name: String::new(),
            note: "Runs on <mate> & #humor".to_owned(),
            bot: false,
            discoverable: true,
            version: 1,
            followers: 3,
            following: 2,
            dweets: 1,
            last_dweet_ms: Some(1_795_236_184_931),
        }
    }

    fn dweet(author: AccountView, content: Content) -> DweetView {
        let id = DweetId::from_number(ID).expect("an id");
        DweetView {
            id,
            author,
            version: 1,
            edited_ms: None,
            replies: 0,
            redweets: 1,
            favourites: 2,
            content,
        }
    }

    fn body(text: &str, mentions: Vec<Mention>) -> Content {
        Content::Dweet(Body {
            text: text.to_owned(),
            spoiler: String::new(),
            visibility: Visibility::Public,
            sensitive: false,
            language: Some("es".to_owned()),
            reply_to: None,
            tags: tertulia_types::text::hashtags(text),
            mentions,
            application: Some(Application {
                name: "toot".to_owned(),
                website: None,
            }),
        })
    }

    fn bob() -> Mention {
        Mention {
            id: account(2, "bob").id,
            nick: "bob".parse().expect("a nick"),
        }
    }

    #[test]
    fn a_dweet_without_a_viewer() {
        insta::assert_json_snapshot!(status(
            &origin(),
            &dweet(account(1, "ana"), body("Hola @bob #Río", vec![bob()])),
            None
        ));
    }

    #[test]
    fn a_private_reply_of_ones_own() {
        let Content::Dweet(written) = body("sí", Vec::new()) else {
            unreachable!("written as a dweet")
        };
        let parent = DweetId::from_number(ID - (5 << 16)).expect("an id");
        let reply_to = Some(ReplyTo {
            id: parent,
            author: bob().id,
            root: parent,
        });
        let private = Body {
            visibility: Visibility::Private,
            spoiler: "ojo".to_owned(),
            reply_to,
            ..written
        };
        let ana = account(1, "ana");
        let viewer = Some((ana.id, Flags::FAVOURITED));
        insta::assert_json_snapshot!(status(&origin(), &dweet(ana, Content::Dweet(private)), viewer));
    }

    #[test]
    fn w17_a_redweet_wraps_its_original() {
        let original = dweet(account(1, "ana"), body("hola", Vec::new()));
        let wrapper = DweetView {
            id: DweetId::from_number(ID + (9 << 16)).expect("an id"),
            ..dweet(account(2, "bob"), Content::Redweet(Box::new(original)))
        };
        let viewer = Some((bob().id, Flags::REDWEETED));
        let shown = status(&origin(), &wrapper, viewer);
        let inner = shown.reblog.clone().expect("the original");
        assert_ne!(shown.id, inner.id);
        assert_eq!((shown.reblogged, inner.reblogged), (Some(true), Some(true)));
        assert_eq!(
            (shown.content.as_str(), inner.content.as_str()),
            ("<p>hola</p>", "<p>hola</p>")
        );
        assert_eq!(
            (shown.account.acct.as_str(), inner.account.acct.as_str()),
            ("bob", "ana")
        );
        insta::assert_json_snapshot!(shown);
    }

    #[test]
    fn a_notification() {
        let shown = Shown {
            dweet: dweet(account(1, "ana"), body("@bob hola", vec![bob()])),
            flags: Flags::default(),
        };
        let told = NotificationView {
            id: NotificationId::from_number(ID).expect("an id"),
            kind: NotificationKind::Mention,
            from: account(1, "ana"),
            dweet: Some(shown),
        };
        let json = serde_json::to_value(notification(&origin(), &told, bob().id)).expect("JSON");
        assert_eq!(json["type"], "mention");
        assert_eq!(json["id"], ID.to_string());
        assert_eq!(json["group_key"], format!("ungrouped-{ID}"));
        assert_eq!(json["created_at"], "2026-11-21T04:43:04.931Z");
        assert_eq!(
            (&json["account"]["acct"], &json["status"]["mentions"][0]["acct"]),
            (&"ana".into(), &"bob".into())
        );
    }

    #[test]
    fn w18_text_is_one_paragraph_and_nothing_is_nothing() {
        assert_eq!(html(&origin(), "text", &[]), "<p>text</p>");
        assert_eq!(html(&origin(), "", &[]), "");
        assert_eq!(html(&origin(), "a\nb\n\n\nc", &[]), "<p>a<br />b</p><p>c</p>");
    }

    #[test]
    fn what_was_typed_cannot_become_markup() {
        let typed =
            "<script>alert('x')</script> https://a.org/?q=\"onclick='&b @nobody @bob@localhost:8080 #<b>";
        let shown = html(&origin(), typed, &[bob()]);
        for broken in ["<script", "\"onclick", "'", "#<b>", "/@nobody"] {
            assert!(!shown.contains(broken), "{broken}: {shown}");
        }
        assert!(
            shown.contains("<a href=\"http://localhost:8080/@bob\""),
            "{shown}"
        );
    }
}
