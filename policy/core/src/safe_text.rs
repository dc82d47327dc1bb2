//! Text that is safe to display: without terminal control codes, direction overrides and hidden characters. Also the check of text
//! that a person types for records, statements and messages.

use crate::refusal::{ErrorCode, Refusal};
use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Line of text typed by a person: not empty, safe to display, and not too long for its readers.
///
/// Text arguments of commands are converted to this type before they go into a record, statement or message. So no written text can
/// be refused by its own reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleLineText(String);

impl SingleLineText {
    /// Largest length, bytes.
    pub const LONGEST: usize = 2_000;

    /// Checks typed text. `what` names the argument in the error, such as `reason`.
    ///
    /// # Errors
    /// `USAGE`
    pub fn parse(what: &str, text: &str) -> Result<Self, Refusal> {
        let fault = if text.trim().is_empty() {
            format!("the {what} says nothing")
        } else if text.len() > Self::LONGEST {
            format!(
                "the {what} has {} bytes, and {} is the most",
                text.len(),
                Self::LONGEST
            )
        } else if text.contains(['\n', '\r', '\t']) {
            format!("the {what} is one line, without line breaks and tabs")
        } else if to_printable(text) != text {
            format!("the {what} holds characters that are not safe to show")
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Refusal::new(ErrorCode::UsageWrong, fault))
    }

    /// Converts any text: made printable, and cut to the largest length.
    #[must_use]
    pub fn from_any_text(text: &str) -> Self {
        let text = to_printable(text);
        let mut end = text.len().min(Self::LONGEST);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        match text.get(..end).unwrap_or_default() {
            blank if blank.trim().is_empty() => Self("-".to_owned()),
            line => Self(line.to_owned()),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SingleLineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text on one line: line breaks and tabs become blanks, control and invisible characters become escapes. Printable text is
/// unchanged.
///
/// Control characters are those of C0 and C1. Invisible are the format characters of Unicode (general category Cf), which change
/// the direction, join, split or tag text, and the separators of lines and paragraphs (Zl, Zp).
#[must_use]
pub fn to_printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            other if is_unsafe(other) => shown.extend(other.escape_unicode()),
            other => shown.push(other),
        }
    }
    shown
}

/// Text of several lines, made printable; its line breaks and tabs stay.
#[must_use]
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    replace_unsafe_characters(text, |character, shown| {
        shown.extend(character.escape_unicode());
    })
}

/// JSON made printable: an unsafe character in its texts is written as a JSON escape, so that the value is unchanged (RFC 8259,
/// section 7).
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    replace_unsafe_characters(json, |character, shown| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` can't fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    })
}

/// Line in the form of signed pages and statements. The form never changes, since another text would not match the signatures.
#[must_use]
pub fn signed_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => line.push(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => line.extend(character.escape_unicode()),
            control if control.is_control() => line.extend(control.escape_unicode()),
            other => line.push(other),
        }
    }
    line
}

fn replace_unsafe_characters(
    text: &str,
    mut replace: impl FnMut(char, &mut String),
) -> Cow<'_, str> {
    let stays = |character: char| matches!(character, '\n' | '\t') || !is_unsafe(character);
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if stays(character) {
            shown.push(character);
        } else {
            replace(character, &mut shown);
        }
    }
    Cow::Owned(shown)
}

/// True for a character that a terminal would obey or not show.
const fn is_unsafe(character: char) -> bool {
    matches!(
        character,
        // Cc: C0, DEL and C1.
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            // Cf, Zl and Zp, of Unicode 16.0, and what is reserved for more of them.
            | '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(to_printable(text), expect);
        assert_eq!(to_printable(expect), expect, "once is enough");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        check("Räder 🚲 in Münster", "Räder 🚲 in Münster");
        check("a\u{1b}[2Jb", "a\\u{1b}[2Jb");
        check("a\nb\tc", "a b c");
        check("\u{202e}txt\u{9b}", "\\u{202e}txt\\u{9b}");
        check("a\u{61c}b\u{ad}c", "a\\u{61c}b\\u{ad}c");
        check("\u{e0001}\u{e0041}", "\\u{e0001}\\u{e0041}");
        check(
            "Wien 東京 Αθήνα قاهرة ❤\u{fe0f}",
            "Wien 東京 Αθήνα قاهرة ❤\u{fe0f}",
        );
    }

    /// Every character of each category, compared with the standard library where it has a list.
    #[test]
    fn no_control_and_no_mark_of_direction_passes() {
        // Bidi_Control of Unicode's PropList.
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}']
            .into_iter()
            .chain('\u{202a}'..='\u{202e}')
            .chain('\u{2066}'..='\u{2069}');
        let controls = ('\0'..=char::MAX).filter(|c| c.is_control());
        for character in bidi.chain(controls).chain('\u{e0020}'..='\u{e007f}') {
            let text = format!("a{character}b");
            for shown in [
                to_printable(&text),
                printable_lines(&text).into_owned(),
                printable_json(&text).into_owned(),
            ] {
                let plain = matches!(character, '\n' | '\t');
                assert!(plain || !shown.contains(character), "{character:?}");
            }
        }
    }

    #[test]
    fn lines_and_json_stay_what_they_are() {
        assert_eq!(
            printable_lines("a\n\tb\u{1b}c\r\n"),
            "a\n\tb\\u{1b}c\\u{d}\n"
        );
        assert!(matches!(printable_lines("a\nb"), Cow::Borrowed(_)));
        for text in ["a\u{202e}b\u{9b}\u{e0041}", "plain", "\\u{1b} \u{61c}"] {
            let json = hansa_audit_log::json::Json::from_display(text);
            let written = hansa_audit_log::json::to_canonical_bytes(&json);
            let written = String::from_utf8(written).unwrap();
            let safe = printable_json(&written);
            assert!(safe.chars().all(|c| !is_unsafe(c)), "{safe}");
        }
        assert_eq!(printable_json("\"\u{e0041}\""), "\"\\udb40\\udc41\"");
        assert_eq!(printable_json("\"\u{9b}\""), "\"\\u009b\"");
    }

    #[test]
    fn a_signed_line_is_as_it_was_when_it_was_signed() {
        for (text, line) in [
            (
                "a\u{1b}\u{202e}\n\u{200d}\u{feff}",
                "a\\u{1b}\\u{202e} \\u{200d}\\u{feff}",
            ),
            (
                "a\u{61c}\u{ad}\u{206a}\u{e0041}",
                "a\u{61c}\u{ad}\u{206a}\u{e0041}",
            ),
        ] {
            assert_eq!(signed_line(text), line);
        }
    }

    #[test]
    fn a_line_is_short_and_safe_to_show() {
        let longest = "ä".repeat(SingleLineText::LONGEST / 2);
        for good in ["a", "nicht für diesen Zweck 🚲", &longest] {
            assert_eq!(
                SingleLineText::parse("reason", good).unwrap().as_str(),
                good
            );
            assert_eq!(SingleLineText::from_any_text(good).as_str(), good);
        }
        let long = format!("{longest}a");
        let bad = ["", "  ", "a\nb", "a\tb", "a\u{1b}b", "a\u{202e}b", &long];
        for bad in bad {
            let refusal = SingleLineText::parse("reason", bad).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::UsageWrong, "{bad:?}");
            let cut = SingleLineText::from_any_text(bad);
            assert_eq!(
                SingleLineText::parse("reason", cut.as_str()),
                Ok(cut),
                "{bad:?}"
            );
        }
        assert_eq!(
            SingleLineText::from_any_text("a\nb\u{7}").as_str(),
            "a b\\u{7}"
        );
        assert_eq!(
            SingleLineText::from_any_text(&"ä".repeat(1_001)).as_str(),
            longest
        );
    }

    #[test]
    fn terms_and_refusals_are_printable() {
        let mut random = crate::fixture::random_terms::SeededRandom(31);
        let clean = |text: &str| assert_eq!(to_printable(text), text);
        for _ in 0..2_000 {
            clean(&random.term().to_english());
        }
        let dirty = "a\u{1b}[31m\n\u{61c}b";
        let refusal = crate::refusal::Refusal::new(crate::refusal::ErrorCode::Internal, dirty)
            .with_clause(crate::id::ClauseId(1), dirty)
            .with_help(dirty);
        clean(&refusal.sentence);
        clean(refusal.allowed.as_deref().unwrap());
        clean(&refusal.help[0]);
        clean(&refusal.to_string());
    }
}
