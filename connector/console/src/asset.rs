//! Files that pages link to. The address of a file holds its digest, so that a browser can keep it for ever.

use hansa_audit_log::digest::Digest;
use std::sync::LazyLock;

/// File that pages link to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Media type, for the header `Content-Type`.
    pub content_type: &'static str,
    /// Content.
    pub bytes: &'static [u8],
}

/// Picture of the console in a tab of the browser.
const ICON: Asset = Asset {
    content_type: "image/svg+xml",
    bytes: include_bytes!("../assets/icon.svg"),
};

/// Text of the style sheet of all pages.
const STYLE_SHEET_TEXT: &str = include_str!("../assets/console.css");

/// Style sheet of all pages.
const STYLE_SHEET: Asset = Asset {
    content_type: "text/css; charset=utf-8",
    bytes: STYLE_SHEET_TEXT.as_bytes(),
};

/// Script of the pages for people who are signed in.
const SCRIPT: Asset = Asset {
    content_type: "text/javascript; charset=utf-8",
    bytes: include_bytes!("../assets/console.js"),
};

static STYLE_SHEET_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = Digest::of(STYLE_SHEET.bytes).to_short_text();
    format!("/a/{digest}/console.css")
});

static ICON_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = Digest::of(ICON.bytes).to_short_text();
    format!("/a/{digest}/icon.svg")
});

static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = Digest::of(SCRIPT.bytes).to_short_text();
    format!("/a/{digest}/console.js")
});

/// Address of the script: `/a/{first twelve digits of its SHA-256}/console.js`.
pub(crate) fn script_address() -> &'static str {
    &SCRIPT_ADDRESS
}

/// Address of the icon: `/a/{first twelve digits of its SHA-256}/icon.svg`.
pub(crate) fn icon_address() -> &'static str {
    &ICON_ADDRESS
}

/// Address of the style sheet: `/a/{first twelve digits of its SHA-256}/console.css`.
#[must_use]
pub fn style_sheet_address() -> &'static str {
    &STYLE_SHEET_ADDRESS
}

/// Text of the style sheet, for a page that can't link to it.
pub(crate) const fn style_sheet_text() -> &'static str {
    STYLE_SHEET_TEXT
}

/// Asset at an address; none for another digest or name.
#[must_use]
pub fn find_asset(address: &str) -> Option<Asset> {
    match address {
        _ if address == style_sheet_address() => Some(STYLE_SHEET),
        _ if address == icon_address() => Some(ICON),
        _ if address == script_address() => Some(SCRIPT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_sheet_is_found_by_its_own_address_alone() {
        let address = style_sheet_address();
        assert_eq!(find_asset(address), Some(STYLE_SHEET));
        assert_eq!(address.len(), "/a/0123456789ab/console.css".len());
        for other in ["", "/", "/a/0123456789ab/console.css", "/a/console.css"] {
            assert_eq!(find_asset(other), None);
        }
        assert_eq!(find_asset(&format!("{address}/")), None);
    }

    #[test]
    fn the_style_sheet_is_small_and_loads_nothing() {
        assert!(STYLE_SHEET.bytes.len() <= 12_000);
        let text = std::str::from_utf8(STYLE_SHEET.bytes).unwrap();
        for word in ["@import", "url(", "expression(", "</"] {
            assert!(!text.contains(word), "{word}");
        }
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }

    #[test]
    fn the_script_writes_no_markup_and_asks_the_console_alone() {
        assert_eq!(find_asset(script_address()), Some(SCRIPT));
        let text = std::str::from_utf8(SCRIPT.bytes).unwrap();
        assert!(text.lines().count() <= 600);
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval",
            "Function(",
            "import",
            "DOMParser",
            "parseHTML",
            "setAttribute",
            "WebSocket",
            "http:",
            "https:",
            "style",
        ] {
            assert!(!text.contains(word), "{word}");
        }
        // The requests are those of forms of the page, which lead to the console.
        assert_eq!(text.matches("fetch").count(), 1);
        assert!(text.contains("fetch(form.action, { method: \"POST\""));
        // One function reads a page of the console, and nothing else reads markup.
        assert_eq!(text.matches("new XMLHttpRequest()").count(), 1);
        assert_eq!(text.matches("responseType").count(), 1);
        let (_, request) = text.split_once("function requestPage(").unwrap();
        let (request, _) = request.split_once("\n}\n").unwrap();
        for part in [
            "address.origin !== location.origin",
            "new XMLHttpRequest()",
            "responseURL !== address.href",
        ] {
            assert!(request.contains(part), "{part}");
        }
        // No text becomes a script by a clock.
        let clocks = text.matches("setTimeout(").count() + text.matches("setInterval(").count();
        assert_eq!(
            text.matches("setTimeout(() =>").count() + text.matches("setInterval(() =>").count(),
            clocks
        );
        // A form whose values are sent with the digest of their preview acts.
        assert!(text.contains("values.delete(\"preview\");"));
    }
}
