//! Profiles: who somebody is, and what they published.

use crate::ask::Ask;
use crate::client::Client;
use crate::dweet::{Author, Dweet, dweets};
use crate::failure::{Failure, Fault, Misuse};
use crate::html;
use crate::nick;
use crate::relation::Relation;
use crate::view::Seen;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tertulia_types::entity::{Account, Status, Timestamp};

/// Somebody, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Their names.
    #[serde(flatten)]
    pub author: Author,
    /// The id of their account.
    pub id: String,
    /// What they say of themselves: text from outside, not yet made harmless.
    pub bio: String,
    /// Since when they are here.
    pub created_at: Timestamp,
    /// How many follow them.
    pub followers: u64,
    /// How many they follow.
    pub following: u64,
    /// How many dweets and redweets they have.
    pub dweet_count: u64,
    /// What the person who asks has to do with them; none when it is that very person.
    pub relation: Option<Relation>,
}

/// A profile with a page of its dweets, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilePage {
    /// Who.
    pub profile: Profile,
    /// The page.
    pub dweets: Vec<Dweet>,
}

impl Client {
    /// The profile of a nick and its dweets, from below the row `from` on.
    pub async fn profile(
        &self,
        typed: &str,
        from: Option<&str>,
        limit: usize,
    ) -> Result<Seen<ProfilePage>, Failure> {
        let nick = nick::checked(typed)?.to_string();
        let view = format!("profile:{nick}");
        let below = from.and_then(|from| from.parse().ok());
        match self.fetch_profile(&nick, from, limit).await {
            Ok(page) => {
                self.keep(&view, &page.dweets, below)?;
                self.keep_profile(&page.profile)?;
                Ok(Seen::now(page))
            }
            Err(failure) if failure.is_unreachable() => {
                let profile = self.kept_profile(&nick)?;
                let kept = self.kept_after(failure, &view, below, limit)?;
                match profile {
                    Some(profile) => Ok(kept.map(|dweets| ProfilePage { profile, dweets })),
                    None => Err(Failure::Unreachable(Vec::new())),
                }
            }
            Err(failure) => Err(failure),
        }
    }

    /// Changes one's own name or bio; none leaves it as it is.
    pub async fn edit_profile(&self, name: Option<&str>, bio: Option<&str>) -> Result<Profile, Failure> {
        let name = name
            .map(tertulia_types::text::display_name)
            .transpose()
            .map_err(Misuse::Unfit)?;
        let bio = bio
            .map(tertulia_types::text::note)
            .transpose()
            .map_err(Misuse::Unfit)?;
        let mut body = serde_json::Map::new();
        if let Some(name) = name {
            body.insert("display_name".to_owned(), json!(name));
        }
        if let Some(bio) = bio {
            body.insert("note".to_owned(), json!(bio));
        }
        let ask = Ask::patch("/api/v1/accounts/update_credentials", body.into());
        let profile = profile_of(self.act::<Account>(ask).await?, None);
        self.keep_profile(&profile)?;
        Ok(profile)
    }

    /// The account of a nick.
    pub(crate) async fn account_id(&self, typed: &str) -> Result<String, Failure> {
        let nick = nick::checked(typed)?;
        Ok(self.account(nick.as_str()).await?.id)
    }

    /// The account of a nick; a nick that nobody has is refused by its name.
    async fn account(&self, nick: &str) -> Result<Account, Failure> {
        let found = self
            .read(Ask::get("/api/v1/accounts/lookup").with("acct", nick))
            .await;
        found.map_err(|failure| failure.named(404, "no_such_nick", nick))
    }

    async fn fetch_profile(
        &self,
        nick: &str,
        from: Option<&str>,
        limit: usize,
    ) -> Result<ProfilePage, Failure> {
        let me = self.me()?;
        let account = self.account(nick).await?;
        let id = account.id.clone();
        let ask = Ask::get(format!("/api/v1/accounts/{id}/statuses"))
            .with("limit", limit)
            .with_some("max_id", from);
        let page: Vec<Status> = self.read(ask).await?;
        let relation = if me.nick == nick {
            None
        } else {
            Some(self.relation(&id).await?)
        };
        Ok(ProfilePage {
            profile: profile_of(account, relation),
            dweets: dweets(page),
        })
    }

    fn keep_profile(&self, profile: &Profile) -> Result<(), Failure> {
        let me = self.me()?;
        let body = serde_json::to_string(profile).map_err(Fault::Row)?;
        let sql = "INSERT OR REPLACE INTO profile VALUES (?1, ?2, ?3)";
        self.store.execute(sql, (&me.nick, &profile.author.nick, body))?;
        let sql = "INSERT OR IGNORE INTO met VALUES (?1, ?2)";
        self.store
            .execute(sql, (&me.nick, &profile.author.nick))
            .map(drop)
    }

    fn kept_profile(&self, nick: &str) -> Result<Option<Profile>, Failure> {
        let me = self.me()?;
        let sql = "SELECT body FROM profile WHERE person = ?1 AND nick = ?2";
        let body = self
            .store
            .first(sql, (&me.nick, nick), |row| row.get::<_, String>(0))?;
        body.map(|body| serde_json::from_str(&body))
            .transpose()
            .map_err(|source| Fault::Row(source).into())
    }
}

pub(crate) fn profile_of(account: Account, relation: Option<Relation>) -> Profile {
    Profile {
        id: account.id.clone(),
        bio: html::text(&account.note),
        created_at: account.created_at,
        followers: account.followers_count,
        following: account.following_count,
        dweet_count: account.statuses_count,
        author: Author::of(account),
        relation,
    }
}
