//! The client's commands, as `clap` reads them, and their help in the person's language.
//!
//! **Invariant:** no password is ever an argument: others on the computer can read the arguments of a process.

use crate::plain;
use crate::words::Words;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tertulia_types::community::Registration;
use tertulia_types::moderation::Role;

/// A command of the client, with what is common to all.
#[derive(Debug, Clone)]
pub struct ClientCommand {
    /// Where to ask, and how to answer.
    pub common: Common,
    /// What to do.
    pub verb: Verb,
}

/// What every command of the client takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// A server of the ring; several are tried in turn. Remembered after login
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TERTULIA_SERVER",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub server: Vec<String>,
    /// Answer with one JSON object on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Where this client keeps its data
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TERTULIA_HOME",
        hide_env_values = true
    )]
    pub data: Option<PathBuf>,
    /// File with the certificate of the ring's authority
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TERTULIA_CA",
        hide_env_values = true
    )]
    pub ca: Option<PathBuf>,
    /// SHA-256 fingerprint of the ring's authority, to be trusted without asking
    #[arg(
        long,
        global = true,
        value_name = "HEX",
        env = "TERTULIA_CA_FINGERPRINT",
        hide_env_values = true
    )]
    pub ca_fingerprint: Option<String>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Verb {
    /// Create an account, and log in
    Register {
        /// The nick: letters a to z, digits and _
        nick: String,
        /// The name by which you are shown
        #[arg(long)]
        name: Option<String>,
        /// The code of an invitation, where one is needed
        #[arg(long, value_name = "CODE")]
        invite: Option<String>,
    },
    /// Log in on this computer
    Login {
        /// Your nick
        nick: String,
    },
    /// Log out, and remove all that you left on this computer
    Logout {
        /// Keep the cache and the history
        #[arg(long)]
        keep: bool,
    },
    /// Show who is logged in, and how much is unseen
    Whoami,
    /// Change your password; all other sessions end
    Passwd,
    /// Show a profile: yours, or somebody's
    #[command(args_conflicts_with_subcommands = true)]
    Profile {
        /// Whose
        nick: Option<String>,
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
        /// What to do with your own
        #[command(subcommand)]
        verb: Option<ProfileVerb>,
    },
    /// Publish a dweet
    Dweet {
        /// The text, at most 225 characters; - reads it from standard input
        text: String,
    },
    /// Answer a dweet
    Reply {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
        /// The text, at most 225 characters; - reads it from standard input
        text: String,
    },
    /// Pass a dweet on to your followers
    Redweet {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
    },
    /// Undo a redweet
    Unredweet {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
    },
    /// Mark a dweet as a favourite
    Favourite {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
        /// No longer
        #[arg(long)]
        undo: bool,
    },
    /// Bookmark a dweet, to find it again
    Bookmark {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
        /// No longer
        #[arg(long)]
        undo: bool,
    },
    /// Show your bookmarks
    Bookmarks {
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Show your favourites
    Favourites {
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Delete a dweet of yours, everywhere
    Delete {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
    },
    /// Follow somebody
    Follow {
        /// Whom
        nick: String,
    },
    /// Follow somebody no longer
    Unfollow {
        /// Whom
        nick: String,
    },
    /// Block somebody: neither of you sees the other
    Block {
        /// Whom
        nick: String,
        /// No longer
        #[arg(long)]
        undo: bool,
    },
    /// Mute somebody: you see them no more, and they do not know
    Mute {
        /// Whom
        nick: String,
        /// No longer
        #[arg(long)]
        undo: bool,
    },
    /// Ask for new dweets; asking again brings older ones
    Feed {
        /// The newest ones, and mark nothing as seen
        #[arg(long)]
        latest: bool,
        /// How many, at most 40
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=40))]
        limit: u16,
    },
    /// Show a dweet with what it answers and its answers
    Thread {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
    },
    /// Search for people by nick or name, or for a #hashtag
    Search {
        /// What for
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Show what others did that concerns you
    Notifications {
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Give somebody a role (for admins; who runs a machine has “role”)
    Appoint {
        /// Whom
        nick: String,
        /// member, moderator or admin
        role: Role,
        /// Why, for the log of what moderators did
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Suspend somebody: they cannot log in, and nobody sees them; nothing is deleted (for moderators)
    Suspend {
        /// Whom
        nick: String,
        /// Why, for the log of what moderators did
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Take a suspension back (for moderators)
    Unsuspend {
        /// Whom
        nick: String,
        /// Why, for the log of what moderators did
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Delete somebody’s dweet, everywhere (for moderators)
    Takedown {
        /// The dweet: a number of the last list (3), or an id
        dweet: String,
        /// Why, for the log of what moderators did
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Show who has a role or is suspended, or how it stands with somebody (for moderators)
    Noted {
        /// With whom
        nick: Option<String>,
    },
    /// Show what moderators did: who, what, to whom, when and why (for moderators)
    Modlog {
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Invitations to this place: who may make them is settled by its admins
    Invite {
        /// What to do with them
        #[command(subcommand)]
        verb: InviteVerb,
    },
    /// Tell the moderators of somebody
    Report {
        /// Of whom
        nick: String,
        /// A dweet of theirs: a number of the last list (3), or an id; can be given again
        #[arg(long = "dweet", value_name = "DWEET")]
        dweets: Vec<String>,
        /// What kind: spam, violation, legal or other
        #[arg(long, default_value = "other")]
        category: String,
        /// What there is to say, up to 1 000 characters
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Show the reports that wait (for moderators)
    Reports {
        /// Those that were settled
        #[arg(long)]
        resolved: bool,
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Settle a report (for moderators)
    Resolve {
        /// The report’s number, as the list shows it
        report: String,
        /// What came of it; moderators read it
        #[arg(long, default_value = "")]
        note: String,
    },
    /// What this community has settled: who may register, its rules, and how it greets
    Community {
        /// What to do with it
        #[command(subcommand)]
        verb: Option<CommunityVerb>,
    },
    /// Send a private message, which only its recipients can read
    Send {
        /// To whom: a nick, or a room (+garden)
        to: String,
        /// The text, at most 10 000 characters; - reads it from standard input
        text: String,
    },
    /// Show your conversations
    Chats,
    /// Show what strangers ask for: who writes to you for the first time, and rooms that they have let you into
    Requests {
        /// What to do with one
        #[command(subcommand)]
        verb: Option<RequestsVerb>,
    },
    /// Read the messages with somebody, or of a room
    Read {
        /// With whom: a nick, or a room (+garden)
        with: String,
        /// How many, at most 200
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
        /// Stay, and show what comes
        #[arg(long)]
        follow: bool,
    },
    /// The people whom you want to find again; all your devices know them, and no machine of the ring
    Contacts {
        /// What to do with them
        #[command(subcommand)]
        verb: Option<ContactsVerb>,
    },
    /// Search your messages
    Find {
        /// What for
        #[arg(required = true)]
        words: Vec<String>,
        /// How many, at most 200
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
    },
    /// Write all your messages into a file, in the clear: one JSON object on each line
    Export {
        /// The file; - is standard output
        file: PathBuf,
    },
    /// Rooms: private conversations of several people
    Room {
        /// What to do
        #[command(subcommand)]
        verb: RoomVerb,
    },
    /// Receive and send messages in the background, until it is stopped
    Agent {
        /// Stop the agent that runs for you on this computer
        #[arg(long)]
        stop: bool,
        /// Take messages directly from other people’s computers too. Whoever on this ring you do not block can then learn your address
        #[arg(long)]
        direct: bool,
        /// Where others reach this computer, and at which port it listens. Without it: at all its addresses, at a free port
        #[arg(long, value_name = "IP:PORT", requires = "direct")]
        direct_address: Option<SocketAddr>,
    },
    /// Show your devices: the computers on which you read messages
    Devices {
        /// What to do with them
        #[command(subcommand)]
        verb: Option<DevicesVerb>,
    },
    /// Let a new computer read your messages: run it there, then here with the code that it shows
    Link {
        /// The code that the new computer shows; without it, this one shows a code or asks for one
        code: Option<String>,
        /// What this computer is to be called among your devices; others can see it
        #[arg(long)]
        label: Option<String>,
        /// Do not ask whether you are sure
        #[arg(long)]
        yes: bool,
    },
    /// Compare your safety number with somebody, to know that nobody stands between you
    Verify {
        /// With whom
        nick: String,
        /// The number that was shown is the one that they see
        #[arg(long, conflicts_with = "accept")]
        confirm: bool,
        /// Take their new identity without comparing
        #[arg(long)]
        accept: bool,
    },
    /// Back up what may not be lost, or take it back
    Account {
        /// Which
        #[command(subcommand)]
        verb: AccountVerb,
    },
    /// Close your account for good; the nick is never given out again
    DeleteAccount {
        /// Do not ask whether you are sure
        #[arg(long)]
        yes: bool,
    },
    /// The interactive console
    Console,
}

/// Which part of a long list.
#[derive(Debug, Clone, Args)]
pub struct Paging {
    /// How many, at most 40
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=40))]
    pub limit: u16,
    /// Only what is older than this id
    #[arg(long, value_name = "ID")]
    pub before: Option<String>,
}

/// What to do with one's own profile.
#[derive(Debug, Clone, Subcommand)]
pub enum ProfileVerb {
    /// Change your name or your bio
    Edit {
        /// The name by which you are shown
        #[arg(long, required_unless_present = "bio")]
        name: Option<String>,
        /// A few words about you
        #[arg(long)]
        bio: Option<String>,
    },
}

/// What can be done with invitations.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum InviteVerb {
    /// Make one; its code is shown once
    Create {
        /// How many accounts it is good for, at most 10 000
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        uses: u32,
        /// For how many days it is good, at most 400
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=400))]
        days: u32,
        /// What it is for; you alone see it
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Show yours
    List,
    /// Take one back; whoever has used it stays
    Revoke {
        /// Its number, as the list shows it
        invitation: String,
    },
}

/// What can be done with what a community has settled.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum CommunityVerb {
    /// Settle something else; what is not said stays (for admins)
    Set {
        /// Who may register: open, invitation or closed
        #[arg(long)]
        registration: Option<Registration>,
        /// Whether everybody may invite (true), or moderators only (false)
        #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
        members_may_invite: Option<bool>,
        /// What this place is
        #[arg(long)]
        description: Option<String>,
        /// A rule of the house; given again and again: all of them
        #[arg(long = "rule", value_name = "RULE")]
        rules: Vec<String>,
        /// No rules at all
        #[arg(long, conflicts_with = "rules")]
        no_rules: bool,
        /// What newcomers are told
        #[arg(long)]
        welcome: Option<String>,
        /// Why, for the log of what moderators did
        #[arg(long, default_value = "")]
        why: String,
    },
}

/// What to do with contacts.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ContactsVerb {
    /// Add somebody
    Add {
        /// Whom
        nick: String,
        /// What you call them
        #[arg(long)]
        name: Option<String>,
    },
    /// Call a contact otherwise
    Rename {
        /// Whom
        nick: String,
        /// What you call them
        name: String,
    },
    /// Show your contacts
    List,
    /// Remove a contact; your messages stay
    Remove {
        /// Whom
        nick: String,
    },
}

/// What to do with the request of a stranger.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum RequestsVerb {
    /// Agree: from now on they learn that their messages came, and were read
    Accept {
        /// Who asks: a nick, or a room (+garden)
        from: String,
    },
    /// Show them
    List,
    /// Refuse: what was said is removed, a room is left, and who has asked is blocked
    Refuse {
        /// Who asks: a nick, or a room (+garden)
        from: String,
    },
}

/// What to do with a room.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum RoomVerb {
    /// Make a room, and let people in
    Create {
        /// What it is called
        name: String,
        /// Whom to let in
        nicks: Vec<String>,
    },
    /// Let people in
    Add {
        /// The room: +garden
        room: String,
        /// Whom
        #[arg(required = true)]
        nicks: Vec<String>,
    },
    /// Put people out: what is said from then on they cannot read
    Remove {
        /// The room: +garden
        room: String,
        /// Whom
        #[arg(required = true)]
        nicks: Vec<String>,
    },
    /// Leave a room
    Leave {
        /// The room: +garden
        room: String,
    },
    /// Give a room another name
    Rename {
        /// The room: +garden
        room: String,
        /// The new name
        name: String,
    },
    /// Show who is in a room
    People {
        /// The room: +garden
        room: String,
    },
}

/// What to do with one's own devices.
#[derive(Debug, Clone, Subcommand)]
pub enum DevicesVerb {
    /// Shut a device out that is lost: it reads nothing that is sent from now on
    Revoke {
        /// The beginning of its name, as the list shows it
        device: String,
    },
    /// Begin anew when all devices are lost and there is no recovery code: everybody who writes to you is warned
    Reset {
        /// Do not ask whether you are sure
        #[arg(long)]
        yes: bool,
    },
}

/// What to do for the day on which all devices are lost.
#[derive(Debug, Clone, Subcommand)]
pub enum AccountVerb {
    /// Back up your identity, people and messages under a recovery code
    Backup {
        /// Where to write it; without it, tertulia-NICK.backup in this directory
        file: Option<PathBuf>,
        /// Make a new recovery code; the one before opens later backups no more
        #[arg(long)]
        new_code: bool,
    },
    /// Take a backup back, with your recovery code
    Restore {
        /// The file; without it, your identity and people alone come back
        file: Option<PathBuf>,
        /// Take it although there is a newer backup
        #[arg(long)]
        older: bool,
        /// What this computer is to be called among your devices; others can see it
        #[arg(long)]
        label: Option<String>,
    },
    /// A passphrase without which nobody reads what this computer keeps
    Passphrase {
        /// What to do with it
        #[command(subcommand)]
        verb: PassphraseVerb,
    },
}

/// What to do with the passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum PassphraseVerb {
    /// Choose one, or another one; it is asked for whenever it is needed
    Set,
    /// Do without
    Remove,
}

impl FromArgMatches for ClientCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (_, inner) = matches
            .subcommand()
            .ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
        Ok(Self {
            common: Common::from_arg_matches(inner)?,
            verb: Verb::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for ClientCommand {
    fn augment_subcommands(command: Command) -> Command {
        let verbs = Verb::augment_subcommands(Command::new("client"));
        // Behind what stands there already, in the order in which they are defined.
        let first = command.get_subcommands().count();
        let with_common = (first..)
            .zip(verbs.get_subcommands())
            .map(|(place, verb)| Common::augment_args(verb.clone()).display_order(place));
        command.subcommands(with_common.collect::<Vec<_>>())
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Verb::has_subcommand(name)
    }
}

/// The command with its help in the person's language, as far as the texts have it: `about-…` for commands, `arg-…` for
/// arguments, by the names on the way from the root. What has no text stays as it is.
#[must_use]
pub fn localised(command: Command, words: &Words) -> Command {
    localised_at(command, words, "")
}

fn localised_at(command: Command, words: &Words, path: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    let args: Vec<String> = command
        .get_arguments()
        .map(|arg| arg.get_id().to_string())
        .collect();
    let mut command = command;
    let key = if path.is_empty() {
        "about".to_owned()
    } else {
        format!("about-{path}")
    };
    if let Some(about) = words.find(&key, &[]) {
        command = command.about(StyledStr::from(about));
    }
    for arg in args {
        let specific = words.find(&format!("arg-{path}-{}", arg.replace('_', "-")), &[]);
        if let Some(help) = specific.or_else(|| words.find(&format!("arg-{}", arg.replace('_', "-")), &[])) {
            command = command.mut_arg(arg, |arg| arg.help(StyledStr::from(help)));
        }
    }
    for name in names {
        let inner_path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}-{name}")
        };
        command = command.mut_subcommand(&name, |inner| localised_at(inner, words, &inner_path));
    }
    if path.is_empty() && command.get_version().is_some() {
        let version = Arg::new("version")
            .short('V')
            .long("version")
            .action(ArgAction::Version);
        command = command.arg(version.help(words.say("help-version")));
    }
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    with_headings(command.arg(help.help(words.say("help-flag"))), words)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
}

fn with_headings(command: Command, words: &Words) -> Command {
    let (arguments, options) = (words.say("help-arguments"), words.say("help-options"));
    let usage = words.say("help-usage");
    command
        .subcommand_help_heading(words.say("help-commands"))
        .mut_args(|arg| {
            let heading = if arg.is_positional() { &arguments } else { &options };
            arg.help_heading(heading)
        })
        .help_template(format!(
            "{{before-help}}{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"
        ))
}

/// What the arguments of this process say. What they say wrong, or that they ask for help, is said in the person's
/// language, and the exit status comes back: 2 for a mistake.
pub fn matches(command: &Command, words: &Words) -> Result<ArgMatches, ExitCode> {
    command.clone().try_get_matches().map_err(|error| {
        if error.use_stderr() {
            eprint!("{}", plain::text(&mistake(command, words, &error)));
            return ExitCode::from(2);
        }
        // Help and version were asked for; a reader that has gone away is no failure.
        let _ = error.print();
        ExitCode::SUCCESS
    })
}

/// What is wrong with the arguments, and where help is.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "clap may add kinds, and names them itself"
)]
fn mistake(command: &Command, words: &Words, error: &clap::Error) -> String {
    let text = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let said = match error.kind() {
        ErrorKind::UnknownArgument => words.with("usage-unknown", &[("argument", argument.into())]),
        ErrorKind::InvalidSubcommand => words.with(
            "usage-no-command",
            &[("command", text(ContextKind::InvalidSubcommand).into())],
        ),
        ErrorKind::MissingRequiredArgument => {
            let missing = argument.split_whitespace().collect::<Vec<_>>().join(" ");
            words.with("usage-missing", &[("argument", missing.into())])
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => {
            words.with("usage-no-value", &[("argument", argument.into())])
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => words.with(
            "usage-bad-value",
            &[("argument", argument.into()), ("value", value.into())],
        ),
        ErrorKind::ArgumentConflict => words.with("usage-conflict", &[("argument", argument.into())]),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            words.say("usage-no-verb")
        }
        _ => error.kind().to_string(),
    };
    let near = text(ContextKind::SuggestedSubcommand) + &text(ContextKind::SuggestedArg);
    let near = match near.as_str() {
        "" => String::new(),
        near => words.with("usage-near", &[("near", near.into())]) + "\n",
    };
    let help = words.with("usage-help", &[("program", command.get_name().into())]);
    format!("{said}\n{near}{help}\n")
}

#[cfg(test)]
mod tests {
    use super::{ClientCommand, ProfileVerb, Verb, localised};
    use crate::words::{Language, Words};
    use clap::{Command, FromArgMatches, Subcommand};

    fn command() -> Command {
        ClientCommand::augment_subcommands(Command::new("tertulia"))
    }

    fn parsed(line: &str) -> Result<ClientCommand, clap::Error> {
        let matches =
            localised(command(), &Words::new(Language::Spanish)).try_get_matches_from(line.split(' '))?;
        ClientCommand::from_arg_matches(&matches)
    }

    #[test]
    fn the_definitions_are_sound() {
        command().debug_assert();
        localised(command(), &Words::new(Language::Spanish)).debug_assert();
    }

    #[test]
    fn common_arguments_may_stand_anywhere_behind_the_command() {
        let edit = parsed("tertulia profile edit --name Ana --server a --json --server b").expect("parsed");
        assert!(edit.common.json);
        assert_eq!(edit.common.server, ["a", "b"]);
        assert!(matches!(
            edit.verb,
            Verb::Profile {
                verb: Some(ProfileVerb::Edit { .. }),
                ..
            }
        ));
        let search = parsed("tertulia search --server a,b dos palabras").expect("parsed");
        assert_eq!(search.common.server, ["a", "b"]);
        assert!(parsed("tertulia profile edit").is_err());
        assert!(parsed("tertulia feed --limit 41").is_err());
        assert!(parsed("tertulia login ana --password x").is_err());
    }

    #[test]
    fn a_mistake_is_explained_in_the_persons_language() {
        let mistakes = |language| {
            let words = Words::new(language);
            let command = localised(command(), &words);
            let lines = [
                "tertulia folow ana",
                "tertulia follow",
                "tertulia feed --limit 99",
                "tertulia feed --lates",
            ];
            let said = lines.map(|line| {
                let error = command
                    .clone()
                    .try_get_matches_from(line.split(' '))
                    .expect_err("a mistake");
                super::mistake(&command, &words, &error)
            });
            said.join("--\n")
        };
        insta::assert_snapshot!("mistakes_en", mistakes(Language::English));
        insta::assert_snapshot!("mistakes_es", mistakes(Language::Spanish));
    }

    #[test]
    fn all_help_is_translated() {
        let (english, spanish) = (Words::new(Language::English), Words::new(Language::Spanish));
        let (mut english, mut spanish) = (localised(command(), &english), localised(command(), &spanish));
        english.build();
        spanish.build();
        let mut compared = 0;
        for (one, other) in english.get_subcommands().zip(spanish.get_subcommands()) {
            let name = one.get_name();
            assert_ne!(
                one.get_about().map(ToString::to_string),
                other.get_about().map(ToString::to_string),
                "{name}"
            );
            for (one, other) in one.get_arguments().zip(other.get_arguments()) {
                let help = |arg: &clap::Arg| arg.get_help().map(ToString::to_string);
                assert!(help(one).is_some(), "{name} {}", one.get_id());
                assert_ne!(help(one), help(other), "{name} {}", one.get_id());
                compared += 1;
            }
        }
        assert!(compared > 60);
    }
}
