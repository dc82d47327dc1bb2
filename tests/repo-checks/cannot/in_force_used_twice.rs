//! error: E0382
//! One look into the registry is good for one question: deciding takes it along.

use hansa_policy::contract::ActiveContracts;
use hansa_policy::decision::decide_question;
use hansa_policy::decision::decision_input::DecisionInput;
use hansa_policy::decision::query_shape::QueryShape;

pub fn twice<Q: QueryShape>(active: ActiveContracts, facts: &DecisionInput<'_>, one: Q, other: Q) {
    let _ = decide_question(active, facts, one);
    let _ = decide_question(active, facts, other);
}
