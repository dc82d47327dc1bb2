//! Text of another participant, in a frame with the name of its author.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::text::{reveal_controls, shorten_quotation};
use crate::part::time::render_instant_text;
use maud::{Markup, html};

/// Text of a participant, word for word.
pub(crate) struct Quotation<'a> {
    /// Participant who wrote the text.
    pub(crate) author: &'a str,
    /// Instant of the text, where it is known.
    pub(crate) at: Option<&'a str>,
    /// Clause that the text is about.
    pub(crate) clause: Option<&'a str>,
    /// Text of the author.
    pub(crate) text: &'a str,
    /// `false` if the signature of the text does not hold.
    pub(crate) valid: bool,
}

/// Frame with the text. It has no language, since nobody states the one in which the author writes; its direction is that of its own
/// letters.
pub(crate) fn render_quotation(frame: &PageFrame<'_>, quotation: &Quotation<'_>) -> Markup {
    let language = frame.language;
    let author = reveal_controls(quotation.author);
    let short = shorten_quotation(quotation.text);
    html! {
        figure.quotation {
            figcaption {
                strong { bdi { (message!(language, "quotation-author", author)) } }
                @if let Some(clause) = quotation.clause {
                    @let clause = reveal_controls(clause);
                    " · " (message!(language, "quotation-clause", clause))
                }
                @if let Some(at) = quotation.at {
                    " · " (render_instant_text(frame, at))
                }
                @if !quotation.valid {
                    " · " strong.fault { (message!(language, "signature-invalid")) }
                }
            }
            // An unknown language is stated as such, so that no reader speaks the text as one of the page.
            blockquote lang="" dir="auto" { (short.text) }
            @if short.omitted > 0 {
                @let number = language.format_number(u64::try_from(short.omitted).unwrap_or(u64::MAX));
                p.hint { (message!(language, "quotation-omitted", number)) }
            }
        }
    }
}
