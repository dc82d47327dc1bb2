//! An offer as rules of a message. They tell a partner what it takes; what is executed is the contract that is made of the offer. Two
//! offers that differ have rules that differ.

use hansa_catalog::offer::Offer;
use hansa_dataspace::PolicyRules;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_proto::odrl::policy_vocabulary::PROFILE;
use serde_json::{Value, json};

/// The rules of an offer: one permission to use, with a constraint for each clause in its order, for the legal text that is bound to it, and for
/// all of it together.
///
/// # Errors
/// `INTERNAL` where the protocol has no form for them.
pub(super) fn of(offer: &Offer) -> Result<PolicyRules, Refusal> {
    let mut constraints: Vec<Value> = offer.clauses.iter().map(constraint).collect();
    if let Some(legal) = &offer.legal {
        constraints.push(json!({
            "leftOperand": format!("{PROFILE}:legal_text"),
            "operator": "eq",
            "rightOperand": format!("{} {}", legal.text_ref, legal.text),
        }));
    }
    constraints.push(json!({
        "leftOperand": format!("{PROFILE}:terms"),
        "operator": "eq",
        "rightOperand": offer.id().to_string(),
    }));
    let policy = json!({"permission": [{"action": "use", "constraint": constraints}]});
    PolicyRules::read(&policy).map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "an offer has no form in the protocol").caused_by(cause)
    })
}

fn constraint(clause: &Clause) -> Value {
    match &clause.term {
        Term::Purpose(purposes) => {
            let purposes: Vec<String> = purposes.iter().map(ToString::to_string).collect();
            json!({"leftOperand": "odrl:purpose", "operator": "isAnyOf", "rightOperand": purposes})
        }
        term => json!({
            "leftOperand": format!("{PROFILE}:{}", term.spec().name),
            "operator": "eq",
            "rightOperand": term.plain(),
        }),
    }
}
