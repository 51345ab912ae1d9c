//! What people type: it is cut into parts that make it again, counted, accepted or refused, and what was accepted is accepted again unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_types::text::{self, Part};

fuzz_target!(|typed: (&str, &str)| {
    let (typed, warning) = typed;
    let parts = text::parts(typed);
    let again: String = parts.iter().map(Part::written).collect();
    assert_eq!(again, typed);
    for name in text::hashtags(typed) {
        assert_eq!(text::hashtag(&name), Some(name));
    }
    for nick in text::mentions(typed) {
        nick.parse::<tertulia_types::Nick>().expect("a mention is a nick");
    }
    let counted = text::characters(typed);
    if let Ok(once) = text::dweet(typed, warning) {
        assert!(
            text::characters(&once.text) + text::characters(&once.spoiler_text) <= text::DWEET_CHARACTERS_MAX
        );
        assert!(text::characters(&once.text) <= counted);
        assert!(!once.text.is_empty());
        assert!(!once.text.chars().any(|char| char.is_control() && char != '\n'));
        assert!(!once.spoiler_text.chars().any(char::is_control));
        assert_eq!(text::dweet(&once.text, &once.spoiler_text), Ok(once));
    }
    if let Ok(once) = text::display_name(typed) {
        assert!(!once.chars().any(char::is_control));
        assert_eq!(text::display_name(&once), Ok(once));
    }
    if let Ok(once) = text::note(typed) {
        assert_eq!(text::note(&once), Ok(once));
    }
});
