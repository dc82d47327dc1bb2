//! Text from commands and participants, made visible.

use hansa_policy::safe_text::printable_lines;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Largest number of letters of a text of another participant.
const LONGEST_QUOTATION: usize = 2_000;

/// Text with its control characters, marks of direction and invisible characters as visible marks such as `⟨U+202E⟩`.
///
/// Line breaks and tabs stay. The characters are those of [`hansa_policy::safe_text`].
pub(crate) fn reveal_controls(text: &str) -> Cow<'_, str> {
    if let Cow::Borrowed(printable) = printable_lines(text) {
        return Cow::Borrowed(printable);
    }
    let mut revealed = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        let letter: &str = character.encode_utf8(&mut buffer);
        if matches!(printable_lines(letter), Cow::Borrowed(_)) {
            revealed.push(character);
        } else {
            // Writing to a `String` can't fail.
            let _ = write!(revealed, "⟨U+{:04X}⟩", u32::from(character));
        }
    }
    Cow::Owned(revealed)
}

/// Beginning of a text of another participant.
pub(crate) struct ShortenedText {
    /// The first letters, with visible controls.
    pub(crate) text: String,
    /// Number of letters that are left out.
    pub(crate) omitted: usize,
}

/// Cuts a text to its first 2,000 letters.
pub(crate) fn shorten_quotation(text: &str) -> ShortenedText {
    let kept: String = text.chars().take(LONGEST_QUOTATION).collect();
    ShortenedText {
        text: reveal_controls(&kept).into_owned(),
        omitted: text.chars().skip(LONGEST_QUOTATION).count(),
    }
}

/// First digits of an identity, enough for people to distinguish identities in a list.
pub(crate) fn shorten_identity(identity: &str) -> String {
    const DIGITS: usize = 12;
    let prefix = if identity.starts_with("n-") { 2 } else { 0 };
    let short: String = identity.chars().take(prefix + DIGITS).collect();
    reveal_controls(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown_and_other_text_stays() {
        assert_eq!(reveal_controls("Räder\n\t<b>"), "Räder\n\t<b>");
        assert_eq!(
            reveal_controls("a\u{202e}b\0\r"),
            "a⟨U+202E⟩b⟨U+0000⟩⟨U+000D⟩"
        );
    }

    #[test]
    fn a_quotation_has_at_most_two_thousand_letters() {
        let short = shorten_quotation(&"ä".repeat(2_003));
        assert_eq!((short.text.chars().count(), short.omitted), (2_000, 3));
        assert_eq!(shorten_quotation("ä").omitted, 0);
        assert_eq!(shorten_identity("n-0123456789abcdef"), "n-0123456789ab");
        assert_eq!(shorten_identity("0123456789abcdef"), "0123456789ab");
    }
}
