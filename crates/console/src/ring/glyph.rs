//! The few characters of the drawing that not every terminal has.

/// The characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// A place on the ring where no machine stands.
    pub(super) dot: &'static str,
    /// Before the machine that was asked.
    pub(super) here: &'static str,
    /// In the place of a machine that is not there.
    pub(super) none: &'static str,
    /// Behind a machine that does not answer.
    pub(super) silent: &'static str,
    /// Behind a copy that its machine does not have.
    pub(super) anew: &'static str,
    /// Before the number of entries that a copy is behind.
    pub(super) minus: &'static str,
    /// From one machine to the next.
    pub(super) arrow: &'static str,
}

impl Glyphs {
    /// For terminals that show Unicode.
    pub const UNICODE: Self = Self {
        dot: "·",
        here: "▸",
        none: "—",
        silent: "✗",
        anew: "↻",
        minus: "−",
        arrow: "→",
    };

    /// For all others.
    pub const ASCII: Self = Self {
        dot: ".",
        here: ">",
        none: "-",
        silent: "!",
        anew: "~",
        minus: "-",
        arrow: "->",
    };

    /// What the environment's locale can show: `LC_ALL`, else `LC_CTYPE`, else `LANG`.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set);
        let encoding = locale.and_then(|locale| Some(locale.split_once('.')?.1.to_lowercase()));
        let names = ["utf-8", "utf8"];
        let is_utf8 = encoding.is_some_and(|encoding| names.iter().any(|name| encoding.starts_with(name)));
        if is_utf8 { Self::UNICODE } else { Self::ASCII }
    }
}

#[cfg(test)]
mod tests {
    use super::Glyphs;

    #[test]
    fn the_locale_says_what_can_be_drawn() {
        let of = |set: &'static [(&str, &str)]| {
            Glyphs::of(|name| {
                let found = set.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("LANG", "es_ES.UTF-8")]), Glyphs::UNICODE);
        assert_eq!(of(&[("LANG", "C"), ("LC_CTYPE", "C.utf8")]), Glyphs::UNICODE);
        assert_eq!(of(&[("LANG", "es_ES.UTF-8"), ("LC_ALL", "C")]), Glyphs::ASCII);
        assert_eq!(of(&[("LANG", "es_ES.ISO-8859-1")]), Glyphs::ASCII);
        assert_eq!(of(&[]), Glyphs::ASCII);
    }
}
