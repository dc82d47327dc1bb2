//! Offer as rules of a message. They inform the partner; the executed contract is made from the offer. Different offers have
//! different rules.

use hansa_catalog::offer::Offer;
use hansa_dataspace::PolicyRules;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_proto::odrl::policy_vocabulary::PROFILE;
use serde_json::{Value, json};

/// Returns the rules of an offer: one permission to use, with constraints for each clause in order, for the attached legal text,
/// and for the digest of the offer.
///
/// # Errors
/// `INTERNAL` if the protocol has no form for the rules.
pub(super) fn to_policy_rules(offer: &Offer) -> Result<PolicyRules, Refusal> {
    let mut constraints: Vec<Value> = offer.clauses.iter().map(clause_constraint).collect();
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

fn clause_constraint(clause: &Clause) -> Value {
    match &clause.term {
        Term::Purpose(purposes) => {
            let purposes: Vec<String> = purposes.iter().map(ToString::to_string).collect();
            json!({"leftOperand": "odrl:purpose", "operator": "isAnyOf", "rightOperand": purposes})
        }
        term => json!({
            "leftOperand": format!("{PROFILE}:{}", term.spec().name),
            "operator": "eq",
            "rightOperand": term.to_english(),
        }),
    }
}
