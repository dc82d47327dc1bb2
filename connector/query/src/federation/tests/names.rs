//! Constructors of ids from short words, and registration of the product's functions in plain engines.

use crate::sql::functions::{self, sketch_state::SketchKind};
use datafusion::logical_expr::AggregateUDF;
use datafusion::prelude::SessionContext;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};

pub(super) fn participant(city: &str) -> ParticipantId {
    format!("hansa://{city}.example").parse().unwrap()
}

pub(super) fn dataset(city: &str, name: &str) -> DatasetId {
    DatasetId {
        owner: participant(city),
        name: name.parse().unwrap(),
    }
}

pub(super) fn contract(text: &str) -> ContractId {
    ContractId(hansa_audit_log::digest::Digest::of(text.as_bytes()))
}

/// Registers the product's functions, so that a plain engine rounds equally.
pub(super) fn register(context: &SessionContext) {
    let states = SketchKind::ALL.into_iter().map(SketchKind::name);
    for name in functions::AGGREGATE.split(' ').chain(states) {
        let function = functions::aggregate_function(name).unwrap();
        context.register_udaf(AggregateUDF::clone(&function));
    }
}
