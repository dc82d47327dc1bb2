//! Text from elsewhere as it is safe to show: it neither commands a terminal nor turns the direction of writing.

/// The text on one line: line breaks and tabs are blanks; other control characters, and characters that hide or turn the
/// direction of writing, are shown as escapes. What is printable already stays as it is.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => shown.extend(character.escape_unicode()),
            control if control.is_control() => shown.extend(control.escape_unicode()),
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(printable(text), expect);
        assert_eq!(printable(expect), expect, "once is enough");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        check("Räder 🚲 in Münster", "Räder 🚲 in Münster");
        check("a\u{1b}[2Jb", "a\\u{1b}[2Jb");
        check("a\nb\tc", "a b c");
        check("\u{202e}txt\u{9b}", "\\u{202e}txt\\u{9b}");
    }

    #[test]
    fn terms_and_refusals_are_printable() {
        let mut random = crate::fixture::random::Random(31);
        let clean = |text: &str| assert_eq!(printable(text), text);
        for _ in 0..2_000 {
            clean(&random.term().plain());
        }
        let dirty = "a\u{1b}[31m\nb";
        let refusal = crate::refusal::Refusal::new(crate::refusal::Code::Internal, dirty)
            .with_clause(crate::id::ClauseId(1), dirty)
            .with_help(dirty);
        clean(&refusal.sentence);
        clean(refusal.allowed.as_deref().unwrap());
        clean(&refusal.help[0]);
        clean(&refusal.to_string());
    }
}
