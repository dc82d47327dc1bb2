//! Words of a request for a contract.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::page::catalog::detail::{CatalogView, render_offers_of};
use crate::part::table::{Fact, render_facts};
use crate::part::text::{reveal_controls, shorten_identity};
use hansa_policy::term::language::Language;
use maud::html;

/// Request for a contract under the terms that another participant offers.
#[must_use]
pub fn describe_contract_request(frame: &PageFrame<'_>, view: &CatalogView) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "request-title"),
        message!(language, "request"),
        message!(language, "request-done"),
    );
    let other = reveal_controls(&view.participant);
    form.consequences = vec![
        message!(language, "request-effect", other),
        message!(language, "request-signatures"),
        message!(language, "request-binds-nobody"),
    ];
    if !view.contracts.is_empty() {
        let number = view.contracts.len();
        form.warnings = vec![message!(language, "request-has-contract", number)];
    }
    form.body = html! {
        (render_facts(&[
            Fact::new(
                message!(language, "column-dataset"),
                html! { code { (reveal_controls(&view.name)) } },
            ),
            Fact::new(
                message!(language, "column-owner"),
                html! { bdi { (reveal_controls(&view.participant)) } },
            ),
        ]))
        h2 { (message!(language, "offers")) }
        (render_offers_of(frame, view))
    };
    let offers = view.offers.iter().map(|offer| {
        let short = shorten_identity(&offer.offer);
        FieldOption {
            value: offer.offer.clone(),
            label: format!("{short} · {}", reveal_controls(&offer.title)),
        }
    });
    let first = match view.offers.as_slice() {
        [one] => one.offer.as_str(),
        _ => "",
    };
    let languages = Language::ALL.into_iter().map(|page| FieldOption {
        value: page.tag().to_owned(),
        label: message!(page, "language-name"),
    });
    form.fields = vec![
        ActField::new(
            "offer",
            message!(language, "request-offer"),
            message!(language, "request-offer-fault"),
            FieldInput::Choice(offers.collect()),
        )
        .with_initial(first),
        ActField::new(
            "page-language",
            message!(language, "request-language"),
            message!(language, "request-language-fault"),
            FieldInput::Choice(languages.collect()),
        )
        .with_hint(message!(language, "request-language-hint"))
        .with_initial(language.tag()),
    ];
    form
}
