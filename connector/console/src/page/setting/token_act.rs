//! Words of the acts on access tokens.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput};
use crate::page::setting::token_list::TokenRow;
use crate::part::contract_words::link_contract;
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use maud::html;

/// Longest life of a token, days.
const MOST_DAYS: u64 = 366;

/// New access token, of the own person or of one that is named.
#[must_use]
pub fn describe_token_addition(frame: &PageFrame<'_>, own_name: Option<&str>) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "token-add-title"),
        message!(language, "token-add"),
        message!(language, "token-add-done"),
    );
    form.consequences = vec![
        message!(language, "token-add-effect"),
        message!(language, "token-add-secret"),
    ];
    if let Some(name) = own_name {
        form.person = render_facts(&[Fact::new(
            message!(language, "token-person"),
            html! { bdi { (reveal_controls(name)) } },
        )]);
    } else {
        let person = ActField::new(
            "person",
            message!(language, "token-person"),
            message!(language, "token-person-fault"),
            FieldInput::Line { most: 100 },
        );
        let person = person.with_hint(message!(language, "token-person-hint"));
        form.fields.push(person.mark_personal());
    }
    form.fields.push(
        ActField::new(
            "purposes",
            message!(language, "token-purposes"),
            message!(language, "token-purposes-fault"),
            FieldInput::Lines {
                most: 2_000,
                rows: 3,
            },
        )
        .with_hint(message!(language, "token-purposes-hint"))
        .mark_optional(),
    );
    form.fields.push(
        ActField::new(
            "days",
            message!(language, "token-days"),
            message!(language, "token-days-fault"),
            FieldInput::Number {
                least: 1,
                most: MOST_DAYS,
            },
        )
        .with_initial("90"),
    );
    if own_name.is_none() {
        let contract = ActField::new(
            "contract",
            message!(language, "token-contract"),
            message!(language, "token-contract-fault"),
            FieldInput::Line { most: 80 },
        );
        let contract = contract.with_hint(message!(language, "token-contract-hint"));
        form.fields.push(contract.mark_optional());
    }
    form
}

/// End of an access token.
#[must_use]
pub fn describe_token_end(frame: &PageFrame<'_>, token: &TokenRow) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "token-end-title"),
        message!(language, "token-end"),
        message!(language, "token-end-done"),
    );
    form.consequences = vec![
        message!(language, "token-end-effect"),
        message!(language, "token-end-for-good"),
    ];
    form.body = render_facts(&[
        Fact::new(
            message!(language, "token-id"),
            html! { code { (reveal_controls(&token.token)) } },
        ),
        Fact::new(
            message!(language, "token-contract"),
            html! {
                @match &token.contract {
                    Some(contract) => { (link_contract(contract)) }
                    None => { (message!(language, "token-all-contracts")) }
                }
            },
        ),
    ]);
    form.person = render_facts(&[Fact::new(
        message!(language, "token-person"),
        html! {
            @match &token.person {
                Some(person) => { bdi { (reveal_controls(person)) } }
                None => { (message!(language, "token-person-erased")) }
            }
        },
    )]);
    form
}
