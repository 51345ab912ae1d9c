//! The community: what it has settled, invitations to it, and reports to those who moderate it.

use crate::ask::Ask;
use crate::client::Client;
use crate::failure::{Failure, Misuse};
use crate::moderation::Decided;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tertulia_types::community::Registration;
use tertulia_types::entity::{Community, EmptyObject, Invitation, Report, Status};
use tertulia_types::text;

/// What is to be settled; what is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settling {
    /// Who may register.
    pub registration: Option<Registration>,
    /// Whether everybody may invite, or moderators only.
    pub members_may_invite: Option<bool>,
    /// What this place is.
    pub description: Option<String>,
    /// All rules of the house; an empty list: none.
    pub rules: Option<Vec<String>>,
    /// What newcomers are told.
    pub welcome: Option<String>,
    /// Why, for the log.
    pub why: String,
}

impl Settling {
    fn body(&self) -> Result<Value, Failure> {
        let fit = |said: &String| text::note(said).map_err(Misuse::Unfit);
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        if let Some(registration) = self.registration {
            put("registration", json!(registration));
        }
        if let Some(may) = self.members_may_invite {
            put("members_may_invite", json!(may));
        }
        for (name, said) in [("description", &self.description), ("welcome", &self.welcome)] {
            if let Some(said) = said {
                put(name, json!(fit(said)?));
            }
        }
        match &self.rules {
            Some(rules) if rules.is_empty() => {
                put("without_rules", json!(true));
            }
            Some(rules) => {
                let rules: Vec<String> = rules.iter().map(fit).collect::<Result<_, _>>()?;
                put("rules", json!(rules));
            }
            None => {}
        }
        put("why", json!(fit(&self.why)?));
        Ok(Value::Object(body))
    }
}

/// A page of the reports, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportPage {
    /// They.
    pub reports: Vec<Report>,
    /// Behind what the next page begins; none: there is no more.
    pub next: Option<String>,
}

impl Client {
    /// What the community has settled.
    pub async fn community(&self) -> Result<Community, Failure> {
        let ask = Ask::get("/api/tertulia/v1/community");
        self.wire.ask(&self.store, &ask).await
    }

    /// Settles something else.
    pub async fn settle_community(&self, settling: &Settling) -> Result<Decided, Failure> {
        self.act(Ask::patch("/api/tertulia/v1/community", settling.body()?))
            .await
    }

    /// Makes an invitation for so many accounts and days.
    pub async fn invite(&self, note: &str, uses: u32, days: u32) -> Result<Invitation, Failure> {
        let expires_in = u64::from(days) * 24 * 3600;
        let body = json!({ "note": note, "uses": uses, "expires_in": expires_in });
        self.act(Ask::post("/api/tertulia/v1/invitations", body)).await
    }

    /// One's own invitations, newest first.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, Failure> {
        self.read(Ask::get("/api/tertulia/v1/invitations")).await
    }

    /// Takes one of them back.
    pub async fn disinvite(&self, id: &str) -> Result<(), Failure> {
        let id = number(id)?;
        let ask = Ask::delete(format!("/api/tertulia/v1/invitations/{id}"));
        self.act::<EmptyObject>(ask).await.map(drop)
    }

    /// Tells the moderators of somebody; answers the report's number.
    pub async fn report(
        &self,
        nick: &str,
        dweets: &[String],
        category: Option<&str>,
        comment: &str,
    ) -> Result<String, Failure> {
        let about = self.account_id(nick).await?;
        let body =
            json!({ "account_id": about, "status_ids": dweets, "category": category, "comment": comment });
        let told: Value = self.act(Ask::post("/api/v1/reports", body)).await?;
        Ok(told["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Whose dweet it is: the nick, and the id of the dweet itself.
    pub async fn author_of(&self, dweet: &str) -> Result<(String, String), Failure> {
        let status: Status = self.read(Ask::get(format!("/api/v1/statuses/{dweet}"))).await?;
        Ok(match status.reblog {
            Some(original) => (original.account.username, original.id),
            None => (status.account.username, status.id),
        })
    }

    /// The reports that wait, or those that were settled: the top, or what lies behind `from`.
    pub async fn reports(
        &self,
        resolved: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<ReportPage, Failure> {
        let ask = Ask::get("/api/tertulia/v1/moderation/reports")
            .with("resolved", resolved)
            .with("limit", limit)
            .with_some("max_id", from);
        let (reports, next) = self.read_page::<Vec<Report>>(ask).await?;
        let next = next.map(|next| next.to_string());
        Ok(ReportPage { reports, next })
    }

    /// Settles a report.
    pub async fn resolve(&self, report: &str, note: &str) -> Result<Decided, Failure> {
        let report = number(report)?;
        let note = text::note(note).map_err(Misuse::Unfit)?;
        let path = format!("/api/tertulia/v1/moderation/reports/{report}/resolve");
        self.act(Ask::post(path, json!({ "note": note }))).await
    }
}

/// An id as typed; a leading `#` does not matter.
fn number(typed: &str) -> Result<&str, Failure> {
    let bare = typed.trim();
    let bare = bare.strip_prefix('#').unwrap_or(bare);
    let is_number = !bare.is_empty() && bare.len() < 20 && bare.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then_some(bare)
        .ok_or_else(|| Misuse::NotANumber(typed.trim().to_owned()).into())
}
