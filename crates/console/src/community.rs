//! How the community looks on the screen: what it has settled, invitations, and reports.

use crate::look::Look;
use crate::page::{Page, Style};
use crate::plain;
use tertulia_client::community::ReportPage;
use tertulia_types::entity::{Community, Invitation};

/// How far what belongs to a row stands from the left.
const INDENT: usize = 3;

/// What the community has settled.
pub(crate) fn community(look: &Look, page: &mut Page, community: &Community) {
    page.text(Style::Strong, 0, &community.title);
    if !community.description.is_empty() {
        page.text(Style::Plain, INDENT, &community.description);
    }
    let words = &look.words;
    page.text(
        Style::Plain,
        0,
        &words.say(&format!("community-registration-{}", community.registration)),
    );
    let invites = match community.members_may_invite {
        true => "community-everybody-invites",
        false => "community-moderators-invite",
    };
    page.text(Style::Dim, 0, &words.say(invites));
    for (at, rule) in community.rules.iter().enumerate() {
        let number = format!("{}. ", at + 1);
        page.pieces(INDENT, &[(Style::Key, &number), (Style::Plain, rule)]);
    }
    if !community.welcome.is_empty() {
        page.gap();
        page.text(Style::Plain, 0, &community.welcome);
    }
}

/// An invitation that was just made.
pub(crate) fn invited(look: &Look, page: &mut Page, invitation: &Invitation) {
    let code = invitation.code.clone().unwrap_or_default();
    page.text(Style::Good, 0, &look.words.say("invitation-made"));
    page.text(
        Style::Key,
        INDENT,
        &format!("tertulia register NICK --invite {code}"),
    );
    page.text(Style::Dim, 0, &look.words.say("invitation-once"));
}

/// One's own invitations.
pub(crate) fn invitations(look: &Look, page: &mut Page, all: &[Invitation]) {
    if all.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("invitations-none"));
    }
    for invitation in all {
        let values = [
            ("uses", invitation.uses.into()),
            ("max", invitation.uses_max.into()),
            ("until", invitation.expires_at.date().to_string().into()),
        ];
        let said = look.words.with("invitation-row", &values);
        let id = format!("{} ", invitation.id);
        let note = format!(" · {}", plain::line(&invitation.note));
        let mut pieces = vec![(Style::Key, id.as_str()), (Style::Plain, said.as_str())];
        if !invitation.note.is_empty() {
            pieces.push((Style::Plain, &note));
        }
        let revoked = format!(" · {}", look.words.say("invitation-revoked"));
        if invitation.revoked {
            pieces.push((Style::Bad, &revoked));
        }
        page.pieces(0, &pieces);
    }
}

/// Reports, as moderators read them.
pub(crate) fn reports(look: &Look, page: &mut Page, reports: &ReportPage, head: bool) {
    if reports.reports.is_empty() {
        let key = if head { "reports-none" } else { "list-ended" };
        page.text(Style::Dim, 0, &look.words.say(key));
    }
    for report in &reports.reports {
        let values = [
            ("who", report.by.nick.as_str().into()),
            ("whom", report.about.nick.as_str().into()),
            ("category", report.category.as_str().into()),
        ];
        let said = look.words.with("report-row", &values);
        let (id, age) = (format!("{} ", report.id), format!(" · {}", look.age(report.at)));
        page.pieces(0, &[(Style::Key, &id), (Style::Plain, &said), (Style::Dim, &age)]);
        if !report.comment.is_empty() {
            page.text(Style::Plain, INDENT, &report.comment);
        }
        if !report.dweets.is_empty() {
            let dweets = [("dweets", report.dweets.join(" ").into())];
            page.text(Style::Dim, INDENT, &look.words.with("report-dweets", &dweets));
        }
        if let Some(resolution) = &report.resolution {
            let values = [
                ("who", resolution.by.nick.as_str().into()),
                ("note", resolution.note.as_str().into()),
            ];
            page.text(Style::Good, INDENT, &look.words.with("report-resolved", &values));
        }
        page.gap();
    }
}
