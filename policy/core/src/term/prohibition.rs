//! Term 37, executed: a question is refused, or a part of the dataset is not there, where all conditions of a prohibition
//! hold. Prohibitions win over the permission; what can't be told counts as met.

pub(super) mod fits;
mod part;
mod said;
pub(super) mod samples;
pub(crate) mod when;

use super::delivery::Network;
use super::hours::Hours;
use super::order::both;
use super::rule::{Binding, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Clause, Term, cite, contradiction, odrl, vocabulary};
use crate::effect::What;
use crate::id::{Name, PurposeId};
use crate::refusal::{Code, Refusal};
use crate::row_filter::RowFilter;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::Time;
use std::cmp::Ordering;
use when::Circumstances;

/// The term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prohibition {
    /// What is prohibited.
    pub act: Act,
    /// Of which part; of the whole dataset where there is none.
    pub part: Option<Part>,
    /// Where all of this holds; always where it names nothing.
    pub when: When,
}

/// A part. Rows and columns at once would be single values, which nothing here can take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The rows for which this is true, or can't be told.
    Rows(RowFilter),
    /// These columns.
    Columns(Vec<Name>),
}

/// Conditions on a question. Who asks is not among them: a statement of somebody's sector or seat is brought along by whom
/// it is about, who would leave it at home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// The declared purpose is one of these, narrower or wider, or none is declared.
    pub purpose: Option<Vec<PurposeId>>,
    /// It is this instant or later.
    pub from: Option<Time>,
    /// It is before this instant.
    pub until: Option<Time>,
    /// It is one of these hours of the week.
    pub hours: Option<Hours>,
    /// The answer goes into one of these networks, or nobody knows where.
    pub networks: Option<Vec<Network>>,
}

/// An action that can be prohibited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Any use: it contains the others.
    Use,
    /// Asking for rows.
    Query,
    /// Asking for aggregates.
    Aggregate,
}

impl Act {
    /// Every action, with its word in a policy file.
    pub const ALL: [(&'static str, Self); 3] = [
        ("use", Self::Use),
        ("query", Self::Query),
        ("aggregate", Self::Aggregate),
    ];

    const fn odrl(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Query => "h:query",
            Self::Aggregate => "aggregate",
        }
    }

    /// Whether it is the other, or contains it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self == Self::Use || self == other
    }

    /// What is asked under a policy.
    pub(crate) fn asked(clauses: &[Clause]) -> Self {
        if clauses.iter().any(|clause| clause.term.aggregates()) {
            Self::Aggregate
        } else {
            Self::Query
        }
    }
}

pub(super) static USE: Spec = prohibited("use", |form| read(form, Act::Use));
pub(super) static QUERY: Spec = prohibited("h:query", |form| read(form, Act::Query));
pub(super) static AGGREGATE: Spec = prohibited("aggregate", |form| read(form, Act::Aggregate));

const fn prohibited(
    operand: &'static str,
    read: fn(&mut Form<'_>) -> Result<Term, Refusal>,
) -> Spec {
    Spec {
        numbers: &[37],
        name: "prohibition",
        place: Place::Prohibition,
        operand,
        operators: &[],
        executed: &[Stage::Admission, Stage::Plan, Stage::Answer],
        codes: &[Code::Prohibited],
        nature: Nature::Use,
        hides_rows: true,
        mend: "ask where its conditions do not all hold; a prohibited part does not exist",
        test: "a_prohibition_refuses_where_all_of_it_holds",
        read,
    }
}

impl Rule for Prohibition {
    fn spec(&self) -> &'static Spec {
        match self.act {
            Act::Use => &USE,
            Act::Query => &QUERY,
            Act::Aggregate => &AGGREGATE,
        }
    }

    fn odrl(&self, script: &mut Script<'_>) -> Json {
        let mut whole = odrl::action(self.act.odrl());
        let conditions: Vec<Json> = self
            .when
            .terms()
            .iter()
            .map(|term| numbered(term, script))
            .collect();
        if !conditions.is_empty() {
            whole = odrl::with(whole, [("constraint", Json::List(conditions))]);
        }
        if let Some(part) = &self.part {
            let refinement = numbered(&part.term(), script);
            let target = Json::object([
                ("@type", Json::text("AssetCollection")),
                ("source", Json::text(script.dataset())),
                ("refinement", Json::List(vec![refinement])),
            ]);
            whole = odrl::with(whole, [("target", target)]);
        }
        whole
    }

    fn say(&self, tongue: Tongue) -> String {
        said::said(self, tongue)
    }

    fn normal(&self) -> Json {
        let conditions = self.when.terms();
        let conditions = conditions
            .iter()
            .map(|term| Json::List(vec![Json::text(term.spec().name), normal(term)]));
        let mut members = vec![
            ("act", Json::text(self.act.odrl())),
            ("when", Json::List(conditions.collect())),
        ];
        if let Some(part) = &self.part {
            let term = part.term();
            members.push((term.spec().name, normal(&term)));
        }
        Json::object(members)
    }

    /// Of prohibitions of one kind of part, one is the other that changed.
    fn about(&self) -> String {
        match &self.part {
            None => "all",
            Some(Part::Rows(_)) => "rows",
            Some(Part::Columns(_)) => "columns",
        }
        .to_owned()
    }

    fn columns(&self) -> Vec<Name> {
        self.part
            .as_ref()
            .map(|part| part.term().columns())
            .unwrap_or_default()
    }

    fn effect(&self, to: &Binding<'_>) -> Result<Option<What>, Refusal> {
        self.check()?;
        self.part.as_ref().map(|part| part.effect(to)).transpose()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Prohibition(other) => both(self.covers(other), other.covers(self)),
            _ => None,
        }
    }
}

impl From<Prohibition> for Term {
    fn from(one: Prohibition) -> Self {
        Self::Prohibition(Box::new(one))
    }
}

impl Prohibition {
    /// The rows that it is about, where it takes rows away.
    #[must_use]
    pub const fn rows(&self) -> Option<&RowFilter> {
        match &self.part {
            Some(Part::Rows(filter)) => Some(filter),
            Some(Part::Columns(_)) | None => None,
        }
    }

    /// The columns that it takes away.
    #[must_use]
    pub fn hidden(&self) -> &[Name] {
        match &self.part {
            Some(Part::Columns(list)) => list,
            Some(Part::Rows(_)) | None => &[],
        }
    }

    /// Whether it refuses in these circumstances, or takes its part away.
    ///
    /// # Errors
    /// `TERM_UNKNOWN` where its purposes can't be judged here.
    pub(crate) fn holds(&self, among: &Circumstances<'_>) -> Result<bool, Refusal> {
        self.when.holds(among)
    }

    /// The next instant at which it comes to hold for a question that runs on; none where it never does.
    ///
    /// # Errors
    /// As [`Self::holds`].
    pub(crate) fn begins(&self, among: &Circumstances<'_>) -> Result<Option<Time>, Refusal> {
        self.when.begins(among)
    }

    /// Whether it prohibits all that the other does.
    fn covers(&self, other: &Self) -> bool {
        let part = match (&self.part, &other.part) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => own.covers(other),
        };
        self.act.contains(other.act) && part && self.when.covers(&other.when)
    }

    /// What it can't stand in a guard with: there it may refuse always, and columns under conditions, since it is judged
    /// beside a plan and takes nothing away from what the plan is made over.
    ///
    /// # Errors
    /// `POLICY_CONTRADICTION`; `TERM_NOT_EXECUTABLE_HERE` for rows.
    pub(crate) fn check_in_guard(&self) -> Result<(), Refusal> {
        self.when.check()?;
        match self.part {
            Some(Part::Rows(_)) => Err(Refusal::new(
                Code::TermNotExecutableHere,
                "a guard takes no rows away: what is left would look like all that the contract gives",
            )
            .with_help("amend the contracts, or publish the dataset without these rows")),
            Some(Part::Columns(_)) | None => Ok(()),
        }
    }

    /// What it can't be signed with, whatever stands beside it.
    fn check(&self) -> Result<(), Refusal> {
        self.when.check()?;
        match &self.part {
            None if self.when == When::ALWAYS => Err(contradiction(
                "everything is prohibited always, so the policy permits nothing",
            )
            .with_help("say of what part, or under which conditions")),
            Some(Part::Columns(_)) if self.when != When::ALWAYS => Err(contradiction(
                "which columns there are can't depend on a question, since it is planned over them",
            )
            .with_help("prohibit the columns without a condition, or every question under it")),
            Some(_) | None => Ok(()),
        }
    }
}

/// The refusal of a prohibition that holds.
pub(crate) fn refusal(clause: &Clause) -> Refusal {
    let refusal = Refusal::new(Code::Prohibited, "the contract prohibits what is asked").with_help(
        "ask for another purpose, at another time or from another place, as the clause says",
    );
    cite(refusal, clause)
}

fn numbered(term: &Term, script: &mut Script<'_>) -> Json {
    let json = term.with(|rule| rule.odrl(script));
    odrl::numbered(json, script.spare())
}

fn normal(term: &Term) -> Json {
    term.with(|rule| rule.normal())
}

fn read(form: &mut Form<'_>, act: Act) -> Result<Term, Refusal> {
    let mut when = When::ALWAYS;
    for (at, json) in form.members.items("constraint")? {
        let term = inner(form, json, at, Place::Permission)?;
        when.take(term)
            .map_err(|term| cant_carry(form, &term, "a prohibition"))?;
    }
    let part = if form.members.has("target") {
        Some(read_part(form)?)
    } else {
        None
    };
    Ok(Prohibition { act, part, when }.into())
}

/// That the source is the dataset of the policy is seen when the whole is written again.
fn read_part(form: &mut Form<'_>) -> Result<Part, Refusal> {
    let mut target = form.members.object("target")?;
    target.exactly_text("@type", "AssetCollection")?;
    let _: crate::id::DatasetId = target.parsed("source")?;
    let mut items = target.items("refinement")?.into_iter();
    target.finish()?;
    let (Some((at, json)), None) = (items.next(), items.next()) else {
        return Err(form.unknown(
            "a prohibition of a part has exactly one refinement: its rows, or its columns",
        ));
    };
    let term = inner(form, json, at, Place::Target)?;
    Part::of(term).map_err(|term| cant_carry(form, &term, "the target of a prohibition"))
}

/// A constraint within the prohibition. Its number is none of a clause, so whatever is wrong with it cites the clause.
fn inner(form: &Form<'_>, json: Json, at: String, place: Place) -> Result<Term, Refusal> {
    let clause = form.members.codes().clause;
    vocabulary::read(json, at, place, form.assigner)
        .map(|clause| clause.term)
        .map_err(|mut refusal| {
            refusal.clause = clause;
            refusal
        })
}

fn cant_carry(form: &Form<'_>, term: &Term, who: &str) -> Refusal {
    form.unknown(format!(
        "{who} can't carry `{}` here: {}",
        term.spec().operand,
        term.plain()
    ))
}

#[cfg(test)]
mod tests;
