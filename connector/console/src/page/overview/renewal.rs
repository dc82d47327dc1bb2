//! Renewal of certificates, contracts and other documents, step by step.

use crate::message::message;
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Step of a renewal.
struct RenewalStep {
    text: String,
    /// Command of the step on the machine of the connector.
    command: Option<&'static str>,
}

impl RenewalStep {
    const fn new(text: String) -> Self {
        Self {
            text,
            command: None,
        }
    }

    const fn with_command(mut self, command: &'static str) -> Self {
        self.command = Some(command);
        self
    }
}

/// Kind of a document in a language. A kind that this crate does not know is shown as it is.
pub(super) fn document_word(language: Language, kind: &str) -> String {
    match kind {
        "tls_certificate" => message!(language, "document-certificate"),
        "trust_bundle" => message!(language, "document-bundle"),
        "contract" => message!(language, "document-contract"),
        "credential" => message!(language, "document-credential"),
        "access_token" => message!(language, "document-token"),
        other => reveal_controls(other).into_owned(),
    }
}

/// `true` if this crate knows the steps by which a document of a kind is renewed.
pub(super) fn has_steps(kind: &str) -> bool {
    !list_steps(Language::En, kind).is_empty()
}

/// Steps by which a document of a kind is renewed, in their order.
pub(super) fn render_steps(language: Language, kind: &str) -> Markup {
    html! {
        ol {
            @for step in list_steps(language, kind) {
                li { (step.text) @if let Some(command) = step.command { " " code { (command) } } }
            }
        }
    }
}

/// Steps for each kind among the documents of a page, once for each kind.
pub(super) fn render_renewals(language: Language, kinds: &[&str]) -> Markup {
    html! {
        @if !kinds.is_empty() {
            h3 id=(RENEWALS) { (message!(language, "renewals")) }
            @for kind in kinds {
                p { strong { (document_word(language, kind)) } }
                (render_steps(language, kind))
            }
        }
    }
}

/// ID of the heading above the steps.
pub(super) const RENEWALS: &str = "renewals";

/// Steps of a kind; none for a kind that this crate does not know.
fn list_steps(language: Language, kind: &str) -> Vec<RenewalStep> {
    match kind {
        "tls_certificate" => vec![
            RenewalStep::new(message!(language, "renew-certificate-request"))
                .with_command("hansa request"),
            RenewalStep::new(message!(language, "renew-certificate-send")),
            RenewalStep::new(message!(language, "renew-certificate-install"))
                .with_command("hansa join FILE"),
            RenewalStep::new(message!(language, "renew-reload")).with_command("hansa reload"),
        ],
        "trust_bundle" => vec![
            RenewalStep::new(message!(language, "renew-bundle-ask"))
                .with_command("hansa league export"),
            RenewalStep::new(message!(language, "renew-bundle-place")),
            RenewalStep::new(message!(language, "renew-reload")).with_command("hansa reload"),
        ],
        "contract" => vec![
            RenewalStep::new(message!(language, "renew-contract-decide")),
            RenewalStep::new(message!(language, "renew-contract-request"))
                .with_command("hansa contract request"),
            RenewalStep::new(message!(language, "renew-contract-sign")),
        ],
        "credential" => vec![
            RenewalStep::new(message!(language, "renew-credential-ask")),
            RenewalStep::new(message!(language, "renew-credential-add"))
                .with_command("hansa credential add FILE"),
        ],
        "access_token" => vec![
            RenewalStep::new(message!(language, "renew-token-create"))
                .with_command("hansa token create NAME"),
            RenewalStep::new(message!(language, "renew-token-use")),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_steps_of_its_own() {
        let kinds = [
            "tls_certificate",
            "trust_bundle",
            "contract",
            "credential",
            "access_token",
        ];
        for language in Language::ALL {
            for kind in kinds {
                assert!(has_steps(kind), "{kind}");
                assert!(!document_word(language, kind).contains('_'), "{kind}");
                let steps = render_steps(language, kind).into_string();
                assert!(steps.matches("<li>").count() > 1, "{kind}: {steps}");
                assert!(steps.contains("<code>hansa "), "{kind}: {steps}");
            }
        }
        assert!(!has_steps("another"));
    }
}
