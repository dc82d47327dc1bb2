//! Words of the acts that offer a dataset and end an offer.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::page::dataset::report::OfferSummary;
use crate::part::dataset_words::{audience_word, signing_word};
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use maud::html;

/// Offer of a dataset that begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfferDraft {
    /// Dataset.
    pub dataset: String,
    /// Name of the policy that is proposed; may be empty.
    pub policy: String,
    /// `true` if the connector would sign contracts by itself.
    pub signs_itself: bool,
}

/// Offer of a dataset.
#[must_use]
pub fn describe_offer(frame: &PageFrame<'_>, draft: &OfferDraft) -> ActForm {
    let language = frame.language;
    let dataset = reveal_controls(&draft.dataset);
    let mut form = ActForm::new(
        message!(language, "offer-add-title", dataset),
        message!(language, "offer-add"),
        message!(language, "offer-add-done"),
    );
    form.consequences = vec![message!(language, "offer-add-effect")];
    form.consequences.push(match draft.signs_itself {
        true => message!(language, "offer-add-auto"),
        false => message!(language, "offer-add-officer"),
    });
    let policy = ActField::new(
        "policy",
        message!(language, "offer-policy"),
        message!(language, "offer-policy-fault"),
        FieldInput::Line { most: 200 },
    );
    let audience = ActField::new(
        "audience",
        message!(language, "offer-to"),
        message!(language, "offer-audience-fault"),
        FieldInput::Choice(vec![
            FieldOption {
                value: "league".to_owned(),
                label: message!(language, "audience-league"),
            },
            FieldOption {
                value: "public".to_owned(),
                label: message!(language, "audience-public"),
            },
            FieldOption {
                value: "named".to_owned(),
                label: message!(language, "offer-audience-named"),
            },
        ]),
    );
    let participants = ActField::new(
        "participants",
        message!(language, "offer-participants"),
        message!(language, "offer-participants-fault"),
        FieldInput::Lines {
            most: 10_000,
            rows: 4,
        },
    );
    form.fields = vec![
        policy
            .with_hint(message!(language, "offer-policy-hint"))
            .with_initial(&draft.policy),
        audience,
        participants
            .with_hint(message!(language, "offer-participants-hint"))
            .mark_optional(),
    ];
    form
}

/// End of an offer.
#[must_use]
pub fn describe_offer_end(frame: &PageFrame<'_>, dataset: &str, offer: &OfferSummary) -> ActForm {
    let language = frame.language;
    let dataset = reveal_controls(dataset);
    let mut form = ActForm::new(
        message!(language, "offer-end-title", dataset),
        message!(language, "offer-end"),
        message!(language, "offer-end-done"),
    );
    form.consequences = vec![
        message!(language, "offer-end-effect"),
        message!(language, "offer-end-contracts"),
    ];
    form.body = render_facts(&[
        Fact::new(
            message!(language, "column-policy"),
            html! { code { (reveal_controls(&offer.policy)) } },
        ),
        Fact::new(
            message!(language, "offer-to"),
            html! { (audience_word(language, &offer.to)) },
        ),
        Fact::new(
            message!(language, "offer-signing"),
            html! { (signing_word(language, &offer.sign)) },
        ),
    ]);
    form
}
