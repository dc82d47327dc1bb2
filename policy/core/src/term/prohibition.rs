//! Term 37, executed: a question is refused, or a part of the dataset does not exist, where all conditions of a prohibition hold.
//! Prohibitions override the permission. An undecidable condition counts as true.

pub(crate) mod condition;
pub(super) mod consistency_check;
mod prohibited_part;
pub(super) mod samples;

use super::hours::HoursTerm;
use super::odrl;
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order::order_from_inclusion;
use crate::effect::EffectKind;
use crate::id::{PurposeId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::row_filter::RowFilter;
use crate::value::delivery::NetworkPrefix;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Prohibition as a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProhibitionTerm {
    /// Prohibited action.
    pub action: ProhibitedAction,
    /// Prohibited part; none for the whole dataset.
    pub part: Option<ProhibitedPart>,
    /// Conditions of the prohibition; without any it always holds.
    pub condition: ProhibitionCondition,
}

/// Prohibited part of a dataset. Rows and columns together would be single values, which no effect can remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProhibitedPart {
    /// Rows for which this filter is true or NULL.
    Rows(RowFilter),
    /// Listed columns.
    Columns(Vec<SqlIdentifier>),
}

/// Conditions on a question. There is none on the caller: the caller itself presents a statement of its sector or seat, and would
/// leave out one that prohibits its question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProhibitionCondition {
    /// The declared purpose is one of these, narrower or wider, or no purpose is declared.
    pub purpose: Option<Vec<PurposeId>>,
    /// The question is asked at this instant or later.
    pub from: Option<UtcTimestamp>,
    /// The question is asked before this instant.
    pub until: Option<UtcTimestamp>,
    /// The question is asked in these hours of the week.
    pub hours: Option<HoursTerm>,
    /// The answer is sent to one of these networks, or its destination is unknown.
    pub networks: Option<Vec<NetworkPrefix>>,
}

/// Action that can be prohibited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProhibitedAction {
    /// Any use, including the other actions.
    Use,
    /// Question for rows.
    Query,
    /// Question for aggregates.
    Aggregate,
}

impl ProhibitedAction {
    /// All actions with their words in policy files.
    pub const ALL: [(&'static str, Self); 3] = [
        ("use", Self::Use),
        ("query", Self::Query),
        ("aggregate", Self::Aggregate),
    ];

    pub(super) const fn odrl_name(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Query => "h:query",
            Self::Aggregate => "aggregate",
        }
    }

    /// True if the action equals the other one or includes it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self == Self::Use || self == other
    }
}

pub(super) static USE: TermSpec = prohibition_spec("use");
pub(super) static QUERY: TermSpec = prohibition_spec("h:query");
pub(super) static AGGREGATE: TermSpec = prohibition_spec("aggregate");

const fn prohibition_spec(operand: &'static str) -> TermSpec {
    TermSpec {
        numbers: &[37],
        name: "prohibition",
        position: OdrlPosition::Prohibition,
        operand,
        operators: &[],
        executed: &[
            EnforcementPoint::Admission,
            EnforcementPoint::Plan,
            EnforcementPoint::Answer,
        ],
        codes: &[ErrorCode::Prohibited],
        nature: DemandKind::Use,
        hides_rows: true,
        remedy: "ask where its conditions do not all hold; a prohibited part does not exist",
        test: "a_prohibition_refuses_where_all_of_it_holds",
    }
}

impl TermRule for ProhibitionTerm {
    fn spec(&self) -> &'static TermSpec {
        match self.action {
            ProhibitedAction::Use => &USE,
            ProhibitedAction::Query => &QUERY,
            ProhibitedAction::Aggregate => &AGGREGATE,
        }
    }

    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        let mut whole = Json::object([]);
        let conditions: Vec<Json> = self
            .condition
            .rules()
            .iter()
            .map(|rule| numbered_rule_json(rule.as_ref(), script))
            .collect();
        if !conditions.is_empty() {
            whole = odrl::with_members(whole, [("constraint", Json::List(conditions))]);
        }
        if let Some(part) = &self.part {
            let refinement = numbered_rule_json(part.rule().as_ref(), script);
            let target = Json::object([
                ("@type", Json::from_display("AssetCollection")),
                ("source", Json::from_display(script.dataset())),
                ("refinement", Json::List(vec![refinement])),
            ]);
            whole = odrl::with_members(whole, [("target", target)]);
        }
        whole
    }

    fn to_canonical_json(&self) -> Json {
        let conditions = self.condition.rules();
        let conditions = conditions.iter().map(|rule| {
            Json::List(vec![
                Json::from_display(rule.spec().name),
                rule.to_canonical_json(),
            ])
        });
        let mut members = vec![
            ("act", Json::from_display(self.action.odrl_name())),
            ("when", Json::List(conditions.collect())),
        ];
        if let Some(part) = &self.part {
            let rule = part.rule();
            members.push((rule.spec().name, rule.to_canonical_json()));
        }
        Json::object(members)
    }

    /// Subject of the prohibition. Two prohibitions of one kind of part count as one changed clause.
    fn subject(&self) -> String {
        match &self.part {
            None => "all",
            Some(ProhibitedPart::Rows(_)) => "rows",
            Some(ProhibitedPart::Columns(_)) => "columns",
        }
        .to_owned()
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.part
            .as_ref()
            .map(|part| part.rule().columns())
            .unwrap_or_default()
    }

    fn effect(&self, to: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        self.check()?;
        self.part.as_ref().map(|part| part.effect(to)).transpose()
    }
}

impl ProhibitionTerm {
    /// Comparison with another prohibition; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        order_from_inclusion(self.covers(other), other.covers(self))
    }
}

impl ProhibitionTerm {
    /// Filter of the prohibited rows, where rows are prohibited.
    #[must_use]
    pub const fn rows(&self) -> Option<&RowFilter> {
        match &self.part {
            Some(ProhibitedPart::Rows(filter)) => Some(filter),
            Some(ProhibitedPart::Columns(_)) | None => None,
        }
    }

    /// Prohibited columns.
    #[must_use]
    pub fn hidden_columns(&self) -> &[SqlIdentifier] {
        match &self.part {
            Some(ProhibitedPart::Columns(list)) => list,
            Some(ProhibitedPart::Rows(_)) | None => &[],
        }
    }

    /// True if the prohibition covers everything that the other one prohibits.
    fn covers(&self, other: &Self) -> bool {
        let part = match (&self.part, &other.part) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => own.covers(other),
        };
        self.action.contains(other.action) && part && self.condition.covers(&other.condition)
    }

    /// Checks a prohibition of a restriction: it may refuse always, and may withhold columns under conditions. A restriction is
    /// checked against the plan and removes nothing from the view, so rows are not allowed.
    ///
    /// # Errors
    /// `POLICY_CONTRADICTION`; `TERM_NOT_EXECUTABLE_HERE` for rows.
    pub(crate) fn check_in_restriction(&self) -> Result<(), Refusal> {
        self.condition.check()?;
        match self.part {
            Some(ProhibitedPart::Rows(_)) => Err(Refusal::new(
                ErrorCode::TermNotExecutableHere,
                "a restriction takes no rows away: what is left would look like all that the contract gives",
            )
            .with_help("amend the contracts, or publish the dataset without these rows")),
            Some(ProhibitedPart::Columns(_)) | None => Ok(()),
        }
    }

    /// Checks a prohibition at signing, independently of other clauses.
    fn check(&self) -> Result<(), Refusal> {
        self.condition.check()?;
        match &self.part {
            None if self.condition == ProhibitionCondition::ALWAYS => Err(contradiction_refusal(
                "everything is prohibited always, so the policy permits nothing",
            )
            .with_help("say of what part, or under which conditions")),
            Some(ProhibitedPart::Columns(_)) if self.condition != ProhibitionCondition::ALWAYS => Err(contradiction_refusal(
                "which columns there are can't depend on a question, since it is planned over them",
            )
            .with_help("prohibit the columns without a condition, or every question under it")),
            Some(_) | None => Ok(()),
        }
    }
}

fn numbered_rule_json(rule: &dyn TermRule, script: &mut OdrlWriter<'_>) -> Json {
    let json = odrl::write_form(rule, script);
    odrl::with_clause_id(json, script.take_clause_number())
}

#[cfg(test)]
mod tests;
