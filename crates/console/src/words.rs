//! What a person reads, in their language: English, or Spanish where the environment asks for it.
//!
//! The texts lie in `locales/LANGUAGE`, those for people in `console.ftl`, those for operators in `machine.ftl`, and are
//! part of the program.
//!
//! **Invariant:** both languages have the same keys with the same variables (a test compares them), and every key that
//! the source names exists (another test looks).

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English: also for all languages that are not spoken.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// The language that the environment asks for: `LC_ALL`, else `LC_MESSAGES`, else `LANG`.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(set)
            .unwrap_or_default();
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("es") {
            Language::Spanish
        } else {
            Language::English
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Spanish => "es",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Language::English => concat!(
                include_str!("../locales/en/console.ftl"),
                "\n",
                include_str!("../locales/en/machine.ftl"),
                "\n",
                include_str!("../locales/en/moderation.ftl")
            ),
            Language::Spanish => concat!(
                include_str!("../locales/es/console.ftl"),
                "\n",
                include_str!("../locales/es/machine.ftl"),
                "\n",
                include_str!("../locales/es/moderation.ftl")
            ),
        }
    }
}

/// The texts of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

/// What stands in a text's place holder.
pub type Value<'a> = FluentValue<'a>;

impl Words {
    /// The texts of a language.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let id: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Marks around values would be control characters on the screen.
        bundle.set_use_isolating(false);
        // What could be read of a damaged resource is used; the tests look at the errors.
        let resource = FluentResource::try_new(language.source().to_owned()).unwrap_or_else(|(read, _)| read);
        bundle.add_resource_overriding(resource);
        Self { language, bundle }
    }

    /// The texts of the language that the environment asks for.
    #[must_use]
    pub fn of_environment() -> Self {
        Self::new(Language::of(|name| std::env::var(name).ok()))
    }

    /// Which language they are in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// A text without place holders.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with its place holders filled in. An unknown key is shown as it is.
    #[must_use]
    pub fn with(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        self.find(key, values).unwrap_or_else(|| key.to_owned())
    }

    /// A text, if there is one of that key.
    #[must_use]
    pub fn find(&self, key: &str, values: &[(&str, Value<'_>)]) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let args: FluentArgs<'_> = values
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .collect();
        Some(
            self.bundle
                .format_pattern(pattern, Some(&args), &mut Vec::new())
                .into_owned(),
        )
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, Words};
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// Key → text, as they stand in the file: a key begins a line, what is indented belongs to it.
    fn messages(language: Language) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut key = String::new();
        for line in language.source().lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(" =") {
                Some((name, text)) if !line.starts_with(' ') => {
                    key = name.to_owned();
                    let before = found.insert(key.clone(), text.trim().to_owned());
                    assert_eq!(before, None, "{key} stands twice");
                }
                _ => found
                    .entry(key.clone())
                    .or_default()
                    .push_str(&format!("\n{}", line.trim())),
            }
        }
        found
            .into_iter()
            .map(|(key, text)| (key, text.trim().to_owned()))
            .filter(|(key, _)| !key.is_empty())
            .collect()
    }

    fn variables(text: &str) -> BTreeSet<&str> {
        let word_end = |rest: &str| {
            rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
                .unwrap_or(rest.len())
        };
        text.split('$')
            .skip(1)
            .map(|rest| &rest[..word_end(rest)])
            .collect()
    }

    /// Texts that are the same in both languages, each for a reason.
    const ALIKE: &[&str] = &[
        "age-minutes",
        "age-hours",
        "age-days",
        "ring-seconds",
        "word-redweet",
        "word-unredweet",
        "word-bio",
        "takes-nick",
        "word-no",
    ];

    #[test]
    fn both_languages_say_the_same_things() {
        let (english, spanish) = (messages(Language::English), messages(Language::Spanish));
        let keys = |messages: &BTreeMap<String, String>| messages.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&english), keys(&spanish));
        for (key, text) in &english {
            let other = &spanish[key];
            assert_eq!(variables(text), variables(other), "{key}");
            assert!(!text.is_empty() && !other.is_empty(), "{key} is empty");
            if ALIKE.contains(&key.as_str()) {
                assert_eq!(text, other, "{key} need not be listed as alike");
            } else {
                assert_ne!(text, other, "{key} is not translated");
            }
        }
    }

    #[test]
    fn every_text_is_well_formed() {
        for language in [Language::English, Language::Spanish] {
            let read = fluent_bundle::FluentResource::try_new(language.source().to_owned());
            assert!(
                read.is_ok(),
                "{language:?}: {:?}",
                read.err().map(|(_, errors)| errors)
            );
        }
    }

    #[test]
    fn every_key_that_the_source_names_exists() {
        let keys = messages(Language::English);
        let mut named = 0;
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("listed") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let source = std::fs::read_to_string(&path).expect("read");
                for call in ["say(\"", "with(\"", "hint(\"", "next(\"", "next_with(\""] {
                    for rest in source.split(call).skip(1) {
                        let key = rest.split('"').next().unwrap_or_default();
                        if !key.contains(['{', '_', '(', ' ', '/']) && !key.is_empty() && key.contains('-') {
                            assert!(keys.contains_key(key), "{}: {key}", path.display());
                            named += 1;
                        }
                    }
                }
            }
        }
        assert!(named > 50, "only {named} keys found: the search is broken");
    }

    #[test]
    fn the_environment_chooses_the_language() {
        let of = |set: &[(&str, &str)]| {
            Language::of(|name| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Language::English);
        assert_eq!(of(&[("LANG", "es_ES.UTF-8")]), Language::Spanish);
        assert_eq!(of(&[("LANG", "es_ES.UTF-8"), ("LC_ALL", "C")]), Language::English);
        assert_eq!(of(&[("LANG", "en_US"), ("LC_MESSAGES", "es")]), Language::Spanish);
        assert_eq!(of(&[("LANG", "est_EE")]), Language::English);
    }

    #[test]
    fn numbers_choose_the_plural() {
        let words = Words::new(Language::English);
        assert_ne!(
            words.with("unseen", &[("n", 1.into())]),
            words.with("unseen", &[("n", 2.into())])
        );
    }
}
