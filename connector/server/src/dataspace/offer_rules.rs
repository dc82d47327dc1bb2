//! The clauses of an offer as rules of a message. They tell a partner what it takes; what is executed is the contract that is made of the
//! offer. Two offers that differ have rules that differ.

use hansa_dataspace::PolicyRules;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term, normal_form};
use hansa_proto::odrl::policy_vocabulary::PROFILE;
use serde_json::{Value, json};

/// The rules of these clauses: one permission to use, and a constraint for each clause, in its order.
///
/// # Errors
/// `INTERNAL` where the protocol has no form for them.
pub(super) fn of(clauses: &[Clause]) -> Result<PolicyRules, Refusal> {
    let mut constraints: Vec<Value> = clauses.iter().map(constraint).collect();
    constraints.push(json!({
        "leftOperand": format!("{PROFILE}:terms"),
        "operator": "eq",
        "rightOperand": normal_form::grant_hash(clauses).to_string(),
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
