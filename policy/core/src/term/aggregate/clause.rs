//! The clauses of the aggregate form, in a policy and in words.

use crate::id::Name;
use crate::refusal::{Code, Refusal};
use crate::term::odrl::{iri, iris, says, set, texts, word};
use crate::term::rule::{Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use crate::term::tongue::Tongue;
use crate::term::{Function, Term, order};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 17: with which functions.
pub(in crate::term) struct With<'a>(pub(in crate::term) &'a [Function]);

pub(in crate::term) static FUNCTIONS: Spec = Spec {
    numbers: &[17],
    name: "functions",
    place: Place::Action,
    operand: "h:function",
    operators: &["isAnyOf"],
    executed: &[Stage::Plan],
    codes: &[Code::AggregateOnly, Code::FunctionNotAllowed],
    nature: Nature::Protection,
    hides_rows: true,
    mend: "ask with GROUP BY and one of the functions; the refusal shows an accepted question",
    test: "what_is_learned_is_a_function_of_the_cells",
    read: read_functions,
};

impl Rule for With<'_> {
    fn spec(&self) -> &'static Spec {
        &FUNCTIONS
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        let list = self.0.iter().map(|one| word(&WORDS, one));
        says("h:function", "isAnyOf", iris(list))
    }

    fn say(&self, tongue: Tongue) -> String {
        let names: Vec<&str> = self.0.iter().map(|one| said(*one, tongue)).collect();
        let list = tongue.all_of(&names);
        tongue.pick(
            format!("aggregates only: {list}"),
            format!("nur Aggregate: {list}"),
            format!("só agregados: {list}"),
        )
    }

    fn normal(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|function| function.as_str()).collect();
        set(&names)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("functions"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Functions(other) => order::subset(self.0, other),
            _ => None,
        }
    }
}

fn said(function: Function, tongue: Tongue) -> &'static str {
    match function {
        Function::Count | Function::Sum | Function::Avg => function.as_str(),
        Function::Variance => tongue.pick("variance", "Varianz", "variância"),
        Function::Units => tongue.pick(
            "number of different units",
            "Anzahl verschiedener Einheiten",
            "número de unidades diferentes",
        ),
    }
}

/// The functions as they stand in policies.
const WORDS: [(&str, Function); 5] = [
    ("h:count", Function::Count),
    ("h:sum", Function::Sum),
    ("h:avg", Function::Avg),
    ("h:variance", Function::Variance),
    ("h:countDistinctUnit", Function::Units),
];

fn read_functions(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let list = form.iris("rightOperand")?;
    let list = list.iter().map(|one| form.one_of(&WORDS, one, "aggregate"));
    Ok(Term::Functions(list.collect::<Result<_, _>>()?))
}

/// Term 17: grouped and filtered by what.
pub(in crate::term) struct By<'a>(pub(in crate::term) &'a [Name]);

pub(in crate::term) static DIMENSIONS: Spec = Spec {
    numbers: &[17],
    name: "dimensions",
    place: Place::Action,
    operand: "h:dimensions",
    operators: &["isAnyOf"],
    executed: &[Stage::Plan],
    codes: &[Code::DimensionNotAllowed],
    nature: Nature::Protection,
    hides_rows: true,
    mend: "group and filter by the dimensions of the clause",
    test: "what_is_learned_is_a_function_of_the_cells",
    read: |form| form.texts("rightOperand").map(Term::Dimensions),
};

impl Rule for By<'_> {
    fn spec(&self) -> &'static Spec {
        &DIMENSIONS
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:dimensions", "isAnyOf", texts(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let list = tongue.all_of(self.0);
        tongue.pick(
            format!("grouped and filtered by {list} only"),
            format!("gruppiert und gefiltert nur nach {list}"),
            format!("agrupado e filtrado só por {list}"),
        )
    }

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("dimensions"))
    }

    fn columns(&self) -> Vec<Name> {
        self.0.to_vec()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Dimensions(other) => order::subset(self.0, other),
            _ => None,
        }
    }
}

/// Term 17: over what.
pub(in crate::term) struct Of<'a>(pub(in crate::term) &'a [Name]);

pub(in crate::term) static MEASURES: Spec = Spec {
    numbers: &[17],
    name: "measures",
    place: Place::Action,
    operand: "h:measures",
    operators: &["isAnyOf"],
    executed: &[Stage::Plan],
    codes: &[Code::QueryShape, Code::ColumnUnknown],
    nature: Nature::Protection,
    hides_rows: true,
    mend: "aggregate the measures of the clause, bare",
    test: "what_is_learned_is_a_function_of_the_cells",
    read: |form| form.texts("rightOperand").map(Term::Measures),
};

impl Rule for Of<'_> {
    fn spec(&self) -> &'static Spec {
        &MEASURES
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:measures", "isAnyOf", texts(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let list = tongue.all_of(self.0);
        tongue.pick(
            format!("aggregates of {list} only"),
            format!("Aggregate nur von {list}"),
            format!("agregados só de {list}"),
        )
    }

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("measures"))
    }

    fn columns(&self) -> Vec<Name> {
        self.0.to_vec()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Measures(other) => order::subset(self.0, other),
            _ => None,
        }
    }

    // Without the clause there are no measures at all.
    fn presence(&self) -> Ordering {
        Ordering::Greater
    }
}

/// Term 21, first half: over which grid.
pub(in crate::term) struct Over<'a>(pub(in crate::term) &'a str);

pub(in crate::term) static GRID: Spec = Spec {
    numbers: &[21],
    name: "grid",
    place: Place::Action,
    operand: "h:cube",
    operators: &["eq"],
    executed: &[Stage::Signing, Stage::Plan],
    codes: &[Code::GridConflict],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "use the dataset's registered grid, or a coarser one nested in it",
    test: "a_grid_that_was_replaced_is_not_used_beside_the_new_one",
    read: |form| form.iri("rightOperand").map(Term::Grid),
};

impl Rule for Over<'_> {
    fn spec(&self) -> &'static Spec {
        &GRID
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:cube", "eq", iri(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let grid = self.0;
        tongue.pick(
            format!("groups are cells of the grid {grid}"),
            format!("Gruppen sind Zellen des Rasters {grid}"),
            format!("os grupos são células da grelha {grid}"),
        )
    }

    fn normal(&self) -> Json {
        Json::text(self.0)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("grid"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Grid(other) if other == self.0 => Some(Ordering::Equal),
            _ => None,
        }
    }
}
