//! States, roles and kinds of contracts and negotiations in words.

use crate::message::message;
use crate::part::address::contract_address;
use crate::part::text::{reveal_controls, shorten_identity};
use hansa_policy::contract::ContractStatus;
use hansa_policy::negotiation::Phase;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Words that `hansa contract list` writes for a state which a list can be limited to.
pub(crate) const STATES: [&str; 11] = [
    ContractStatus::InForce.as_str(),
    ContractStatus::NotYet.as_str(),
    ContractStatus::Expired.as_str(),
    ContractStatus::Withdrawn.as_str(),
    ContractStatus::Superseded.as_str(),
    Phase::Requested.as_str(),
    Phase::Offered.as_str(),
    Phase::Accepted.as_str(),
    Phase::Agreed.as_str(),
    Phase::Verified.as_str(),
    Phase::Terminated.as_str(),
];

/// State of a contract or a negotiation in a language. A state that this crate does not know is shown as it is.
pub(crate) fn state_word(language: Language, state: &str) -> String {
    match state {
        "in force" => message!(language, "state-in-force"),
        "not yet in force" => message!(language, "state-not-yet"),
        "expired" => message!(language, "state-expired"),
        "withdrawn" => message!(language, "state-withdrawn"),
        "superseded" => message!(language, "state-superseded"),
        "REQUESTED" => message!(language, "phase-requested"),
        "OFFERED" => message!(language, "phase-offered"),
        "ACCEPTED" => message!(language, "phase-accepted"),
        "AGREED" => message!(language, "phase-agreed"),
        "VERIFIED" => message!(language, "phase-verified"),
        "FINALIZED" => message!(language, "phase-finalized"),
        "TERMINATED" => message!(language, "phase-terminated"),
        other => reveal_controls(other).into_owned(),
    }
}

/// State with a mark that differs in its form, not only in its colour.
pub(crate) fn render_state(language: Language, state: &str) -> Markup {
    let class = match state {
        "in force" => "state good",
        "expired" | "withdrawn" | "superseded" | "TERMINATED" => "state over",
        _ => "state open",
    };
    html! { span class=(class) { (state_word(language, state)) } }
}

/// `true` if the words of `hansa contract list` about the next step say that it is ours.
pub(crate) fn is_own_turn(turn: Option<&str>) -> bool {
    turn == Some("our turn")
}

/// Side that makes the next step; none where no step is left.
pub(crate) fn turn_word(language: Language, turn: Option<&str>) -> Option<String> {
    match turn {
        Some("our turn") => Some(message!(language, "turn-ours")),
        Some("their turn") => Some(message!(language, "turn-theirs")),
        Some(_) | None => None,
    }
}

/// Role of this participant. A role that this crate does not know is shown as it is.
pub(crate) fn role_name(language: Language, role: &str) -> String {
    match role {
        "provider" => message!(language, "party-provider"),
        "consumer" => message!(language, "party-consumer"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Content of a contract in one word: groups or rows.
pub(crate) fn kind_word(language: Language, kind: &str) -> String {
    match kind {
        "aggregates" => message!(language, "kind-aggregates"),
        "rows" => message!(language, "kind-rows"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Link to the page of a contract, with the first digits of its identity.
pub(crate) fn link_contract(identity: &str) -> Markup {
    let short = shorten_identity(identity);
    html! {
        @match contract_address(identity) {
            Some(address) => { a href=(address) { code { (short) } } }
            None => { code { (short) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_a_word() {
        let finalized = [Phase::Finalized.as_str()];
        for state in STATES.iter().chain(&finalized) {
            for language in Language::ALL {
                let word = state_word(language, state);
                let is_english = language == Language::En && *state == word;
                assert!(is_english || word != *state, "{language}: {state}");
            }
        }
        for phase in Phase::ALL {
            let listed = STATES.contains(&phase.as_str());
            assert_eq!(listed, phase != Phase::Finalized, "{phase:?}");
        }
        assert_eq!(state_word(Language::De, "other\0"), "other⟨U+0000⟩");
    }
}
