//! Code of an error with the link to its page.

use crate::part::text::reveal_controls;
use maud::{Markup, html};

/// Address of the page of a code; none for a text that is no code.
pub(crate) fn error_address(code: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let plain = !code.is_empty() && code.len() <= 60 && code.bytes().all(is_plain);
    plain.then(|| format!("/help/errors/{code}"))
}

/// Code that leads to its page.
pub(crate) fn render_error_code(code: &str) -> Markup {
    let text = html! { code { (reveal_controls(code)) } };
    match error_address(code) {
        Some(address) => html! { a href=(address) { (text) } },
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_to_its_page_and_another_text_nowhere() {
        let address = error_address("GROUP_TOO_SMALL");
        assert_eq!(address.unwrap(), "/help/errors/GROUP_TOO_SMALL");
        for other in ["", "a", "A/B", "A B", "../A", "Ä"] {
            assert_eq!(error_address(other), None, "{other}");
        }
    }
}
