//! Clauses of the aggregate form: their ODRL form and normal form.

use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::odrl::{find_word, iri_json, iri_list, right_operand, sorted_list, text_list};
use crate::term::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::value::cube::CubeFunction;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 17: permitted functions.
pub(in crate::term) struct FunctionsTerm<'a>(pub(in crate::term) &'a [CubeFunction]);

pub(in crate::term) static FUNCTIONS: TermSpec = TermSpec {
    numbers: &[17],
    name: "functions",
    position: OdrlPosition::Action,
    operand: "h:function",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::AggregateOnly, ErrorCode::FunctionNotAllowed],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "ask with GROUP BY and one of the functions; the refusal shows an accepted question",
    test: "what_is_learned_is_a_function_of_the_cells",
};

impl TermRule for FunctionsTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &FUNCTIONS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let list = self.0.iter().map(|one| find_word(&WORDS, one));
        right_operand(iri_list(list))
    }

    fn to_canonical_json(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|function| function.as_str()).collect();
        sorted_list(&names)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("functions"))
    }
}

/// Functions with their words in policies.
const WORDS: [(&str, CubeFunction); 5] = [
    ("h:count", CubeFunction::Count),
    ("h:sum", CubeFunction::Sum),
    ("h:avg", CubeFunction::Avg),
    ("h:variance", CubeFunction::Variance),
    ("h:countDistinctUnit", CubeFunction::Units),
];

/// Reads the ODRL form of the functions.
pub(in crate::term) fn read_functions(
    form: &mut OdrlReader<'_>,
) -> Result<Vec<CubeFunction>, Refusal> {
    let list = form.read_iris("rightOperand")?;
    let list = list.iter().map(|one| form.one_of(&WORDS, one, "aggregate"));
    list.collect()
}

/// Term 17: columns for grouping and filtering.
pub(in crate::term) struct DimensionsTerm<'a>(pub(in crate::term) &'a [SqlIdentifier]);

pub(in crate::term) static DIMENSIONS: TermSpec = TermSpec {
    numbers: &[17],
    name: "dimensions",
    position: OdrlPosition::Action,
    operand: "h:dimensions",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::DimensionNotAllowed],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "group and filter by the dimensions of the clause",
    test: "what_is_learned_is_a_function_of_the_cells",
};

impl TermRule for DimensionsTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &DIMENSIONS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(text_list(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("dimensions"))
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.to_vec()
    }
}

/// Term 17: columns that may be aggregated.
pub(in crate::term) struct MeasuresTerm<'a>(pub(in crate::term) &'a [SqlIdentifier]);

pub(in crate::term) static MEASURES: TermSpec = TermSpec {
    numbers: &[17],
    name: "measures",
    position: OdrlPosition::Action,
    operand: "h:measures",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::QueryShape, ErrorCode::ColumnUnknown],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "aggregate the measures of the clause, bare",
    test: "what_is_learned_is_a_function_of_the_cells",
};

impl TermRule for MeasuresTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &MEASURES
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(text_list(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("measures"))
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.to_vec()
    }

    // Without the clause there are no measures.
    fn presence(&self) -> Ordering {
        Ordering::Greater
    }
}

/// Term 21, first half: registered grid.
pub(in crate::term) struct GridTerm<'a>(pub(in crate::term) &'a str);

pub(in crate::term) static GRID: TermSpec = TermSpec {
    numbers: &[21],
    name: "grid",
    position: OdrlPosition::Action,
    operand: "h:cube",
    operators: &["eq"],
    executed: &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    codes: &[ErrorCode::GridConflict],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "use the dataset's registered grid, or a coarser one nested in it",
    test: "a_grid_that_was_replaced_is_not_used_beside_the_new_one",
};

impl TermRule for GridTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &GRID
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("grid"))
    }
}
