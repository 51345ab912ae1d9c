//! The text inside the API's HTML: what a person wrote, from `content` of a dweet and `note` of a profile.
//!
//! **Invariant:** any text at all is accepted; the worst that nonsense gives is nonsense.
//!
//! Deliberately absent: an HTML parser. The API writes a handful of tags, and what is not known is left out.

/// The plain text of a fragment: paragraphs apart by an empty line, `<br>` as a line break, other tags left out.
#[must_use]
pub fn text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    // Behind it no tag ends: whoever writes a million `<` there does not have us look for their ends a million times.
    let last_end = html.rfind('>').unwrap_or(0);
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (piece, bytes) = if rest.starts_with('&') {
            entity(rest)
        } else if html.len() - rest.len() < last_end {
            tag(rest)
        } else {
            (Piece::Char('<'), 1)
        };
        match piece {
            Piece::Char(char) => out.push(char),
            Piece::Break => out.push('\n'),
            Piece::Paragraph if out.is_empty() => {}
            Piece::Paragraph => out.push_str("\n\n"),
            Piece::Nothing => {}
        }
        rest = &rest[bytes..];
    }
    out.push_str(rest);
    out.trim_end_matches('\n').to_owned()
}

enum Piece {
    Char(char),
    Break,
    Paragraph,
    Nothing,
}

/// What the tag at the beginning stands for, and its length in bytes.
fn tag(rest: &str) -> (Piece, usize) {
    let Some(end) = rest.find('>') else {
        return (Piece::Char('<'), 1);
    };
    let name = rest[1..end].split([' ', '/']).next().unwrap_or_default();
    let piece = match name.to_ascii_lowercase().as_str() {
        "br" => Piece::Break,
        "p" => Piece::Paragraph,
        _ => Piece::Nothing,
    };
    (piece, end + 1)
}

/// The character that the entity at the beginning stands for, and its length in bytes.
fn entity(rest: &str) -> (Piece, usize) {
    /// Longer than any entity that the API writes.
    const ENTITY_BYTES_MAX: usize = 10;
    let found = rest.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';');
    let Some(end) = found else {
        return (Piece::Char('&'), 1);
    };
    let name = &rest[1..end];
    let char = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => name.strip_prefix('#').and_then(numbered),
    };
    char.map_or((Piece::Char('&'), 1), |char| (Piece::Char(char), end + 1))
}

fn numbered(digits: &str) -> Option<char> {
    let hex = digits.strip_prefix(['x', 'X']);
    let number = match hex {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(number)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn what_the_api_writes_reads_as_it_was_typed() {
        assert_eq!(text("<p>hola</p>"), "hola");
        assert_eq!(text("<p>one<br />two</p><p>three</p>"), "one\ntwo\n\nthree");
        let mention = r#"<p><span class="h-card"><a href="http://x/@ana">@<span>ana</span></a></span> 1 &lt; 2 &amp;&#39;</p>"#;
        assert_eq!(text(mention), "@ana 1 < 2 &'");
        assert_eq!(text("5 < 6 & 7"), "5 < 6 & 7");
        assert_eq!(text(""), "");
    }

    #[test]
    fn tags_without_an_end_cost_no_more_than_text() {
        // Looked through once for each of them, it would not end today.
        let hostile = format!("<p>hola{}", "<".repeat(8 << 20));
        assert_eq!(text(&hostile).len(), 4 + (8 << 20));
    }

    proptest::proptest! {
        #[test]
        fn escaped_text_comes_back(typed in "[^\r\n]*") {
            let escaped = typed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            proptest::prop_assert_eq!(text(&format!("<p>{escaped}</p>")), typed);
        }

        #[test]
        fn no_text_makes_it_panic(html in "[<>&;#x0-9a-zñ ]*") {
            let _ = text(&html);
        }
    }
}
