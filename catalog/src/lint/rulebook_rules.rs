//! Lint of offers and agreements against the rules of the league's rulebook. Each broken rule is one finding.
//!
//! A rulebook can't demand terms that the regulation on high-value datasets (EU 2023/138) forbids: the rules on purposes and on
//! deletion do not apply to such a dataset.

use super::{LintFinding, sort_findings};
use crate::dataset::Dataset;
use crate::offer::{Offer, OfferRecipients};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{Agreement, Assignee};
use hansa_policy::id::ClauseId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::{OfferRuleKind, OfferRules};
use hansa_policy::term::purpose::{OwnPurpose, Taxonomy};
use hansa_policy::term::relative_window::WindowStart;
use hansa_policy::term::{Clause, Term};

const DAY: i64 = 86_400_000_000;

/// Rules of one version of a rulebook.
#[derive(Debug, Clone, Copy)]
pub struct VersionedRules<'a> {
    /// Version for people.
    pub version: u64,
    /// Rules for offers.
    pub rules: &'a OfferRules,
}

/// Checked terms: those of an offer, or of an agreement before it is signed.
#[derive(Debug, Clone, Copy)]
pub struct OfferedTerms<'a> {
    clauses: &'a [Clause],
    own_purposes: &'a [OwnPurpose],
    not_before: UtcTimestamp,
    not_after: UtcTimestamp,
    public: bool,
}

impl<'a> From<&'a Offer> for OfferedTerms<'a> {
    fn from(offer: &'a Offer) -> Self {
        Self {
            clauses: &offer.clauses,
            own_purposes: &offer.own_purposes,
            not_before: offer.not_before,
            not_after: offer.not_after,
            public: offer.to == OfferRecipients::Public,
        }
    }
}

impl<'a> From<&'a Agreement> for OfferedTerms<'a> {
    fn from(agreement: &'a Agreement) -> Self {
        Self {
            clauses: &agreement.clauses,
            own_purposes: &agreement.own_purposes,
            not_before: agreement.not_before,
            not_after: agreement.not_after,
            public: agreement.assignee == Assignee::Public,
        }
    }
}

/// Checks terms on `dataset` against the rules. Each finding is an error.
#[must_use]
pub fn check_rulebook_rules(
    terms: OfferedTerms<'_>,
    dataset: &Dataset,
    taxonomy: &Taxonomy,
    book: VersionedRules<'_>,
    now: UtcTimestamp,
) -> Vec<LintFinding> {
    // Unreadable own purposes are a finding of other lints; here no purpose covers them.
    let taxonomy = taxonomy.with_own(terms.own_purposes);
    let check = RuleCheck {
        terms,
        dataset,
        taxonomy: taxonomy.ok(),
        book,
    };
    let mut findings = Vec::new();
    if !dataset.high_value {
        findings.extend(check.purpose_findings());
        findings.extend(check.deletion_finding());
    }
    findings.extend(check.duration_finding(now));
    findings.extend(check.least_group());
    findings.extend(check.licence_finding());
    findings.extend(check.attribution_finding());
    findings.extend(check.public_view());
    sort_findings(findings)
}

struct RuleCheck<'a> {
    terms: OfferedTerms<'a>,
    dataset: &'a Dataset,
    taxonomy: Option<Taxonomy>,
    book: VersionedRules<'a>,
}

impl RuleCheck<'_> {
    fn broken_rule_finding(
        &self,
        rule: OfferRuleKind,
        clause: Option<ClauseId>,
        sentence: &str,
        help: impl Into<String>,
    ) -> LintFinding {
        let refusal = Refusal::new(
            ErrorCode::RulebookViolated,
            format!(
                "rule `{}` of the rulebook, version {}: {sentence}",
                rule.as_str(),
                self.book.version
            ),
        );
        LintFinding::error(clause, refusal.with_help(help))
    }

    fn purpose_findings(&self) -> Vec<LintFinding> {
        let rules = self.book.rules;
        let named = self.terms.clauses.iter();
        let named: Vec<(&Clause, _)> = named
            .filter_map(|clause| match &clause.term {
                Term::Purpose(purposes) => Some((clause, purposes)),
                _ => None,
            })
            .collect();
        if named.is_empty() {
            let rule = match rules.purposes.is_empty() {
                false => OfferRuleKind::Purposes,
                true if rules.purposes_required => OfferRuleKind::PurposesRequired,
                true => return Vec::new(),
            };
            return vec![self.broken_rule_finding(
                rule,
                None,
                "the offer names no purpose",
                "name them: purpose = [\"…\"]",
            )];
        }
        if rules.purposes.is_empty() {
            return Vec::new();
        }
        let permitted = |purpose| {
            self.taxonomy.as_ref().is_some_and(|taxonomy| {
                let mut all = rules.purposes.iter();
                all.any(|wide| taxonomy.covers(wide, purpose))
            })
        };
        let mut findings = Vec::new();
        for (clause, purposes) in named {
            for purpose in purposes.iter().filter(|purpose| !permitted(*purpose)) {
                findings.push(self.broken_rule_finding(
                    OfferRuleKind::Purposes,
                    Some(clause.id),
                    &format!(
                        "`{purpose}` is none of the permitted purposes, nor narrower than one"
                    ),
                    format!(
                        "permitted: {}",
                        rules.value(OfferRuleKind::Purposes).unwrap_or_default()
                    ),
                ));
            }
        }
        findings
    }

    /// Finding on the duration of a contract that comes into force at the earliest possible instant.
    fn duration_finding(&self, now: UtcTimestamp) -> Option<LintFinding> {
        let most = self.book.rules.longest_days?;
        let start = self.terms.not_before.max(now);
        let latest = start.plus_micros(i64::from(most).saturating_mul(DAY));
        let lasting = self.terms.clauses.iter().filter_map(|clause| {
            // The instant of the first question is unknown.
            match &clause.term {
                Term::Lasts(window) if window.since == WindowStart::Activation => {
                    Some(start.plus_micros(i64::from(window.days).saturating_mul(DAY)))
                }
                _ => None,
            }
        });
        let end = lasting.fold(self.terms.not_after, UtcTimestamp::min);
        if end <= latest {
            return None;
        }
        let clause = self.terms.clauses.iter();
        let clause = clause
            .filter(|clause| matches!(clause.term, Term::NotAfter(_)))
            .map(|clause| clause.id)
            .next();
        let sentence = if end == UtcTimestamp::LATEST {
            format!("a contract lasts at most {most} days, and this one has no end")
        } else {
            let micros = end.micros().saturating_sub(start.micros());
            let days = micros.saturating_add(DAY - 1).div_euclid(DAY);
            format!("a contract lasts at most {most} days, and this one {days}")
        };
        let day: String = latest.to_string().chars().take(10).collect();
        Some(self.broken_rule_finding(
            OfferRuleKind::LongestDays,
            clause,
            &sentence,
            format!("let it end before {day}: valid.until, or lasts = {{ days = {most}, since = \"activation\" }}"),
        ))
    }

    /// Finding on the smallest group size of an aggregate. Noise under a privacy budget replaces it.
    fn least_group(&self) -> Option<LintFinding> {
        let least = self.book.rules.least_rows?;
        let clauses = self.terms.clauses;
        let aggregate = clauses
            .iter()
            .any(|clause| matches!(clause.term, Term::Functions(_) | Term::Dimensions(_)));
        let noisy = clauses
            .iter()
            .any(|clause| matches!(clause.term, Term::Budget(_)));
        if !aggregate || noisy {
            return None;
        }
        let group = clauses.iter().find_map(|clause| match &clause.term {
            Term::MinGroup { at_least, .. } => Some((clause.id, *at_least)),
            _ => None,
        });
        let help = format!("set min_rows or min_contributors to {least} or more");
        let (clause, sentence) = match group {
            Some((_, at_least)) if at_least >= least => return None,
            Some((clause, at_least)) => (
                Some(clause),
                format!("a cell counts at least {least}, and here {at_least}"),
            ),
            None => (
                None,
                format!("a cell counts at least {least}, and here there is no least group"),
            ),
        };
        Some(self.broken_rule_finding(OfferRuleKind::LeastRows, clause, &sentence, help))
    }

    fn licence_finding(&self) -> Option<LintFinding> {
        let permitted = &self.book.rules.licences;
        if permitted.is_empty() || permitted.contains(&self.dataset.licence) {
            return None;
        }
        Some(self.broken_rule_finding(
            OfferRuleKind::Licences,
            None,
            &format!(
                "the licence `{}` of `{}` is none of the permitted ones",
                self.dataset.licence, self.dataset.id.name
            ),
            format!("permitted: {}", permitted.join(", ")),
        ))
    }

    fn attribution_finding(&self) -> Option<LintFinding> {
        let clauses = &mut self.terms.clauses.iter();
        let demanded = clauses.any(|clause| matches!(clause.term, Term::Attribution(_)));
        if !self.book.rules.attribution_required || demanded {
            return None;
        }
        Some(self.broken_rule_finding(
            OfferRuleKind::AttributionRequired,
            None,
            "the offer does not demand that the source is named",
            "add the duty: duties = [{ attribution = \"…\" }]",
        ))
    }

    fn deletion_finding(&self) -> Option<LintFinding> {
        let most = self.book.rules.delete_after_most_days?;
        let after = self
            .terms
            .clauses
            .iter()
            .find_map(|clause| match clause.term {
                Term::DeleteAfter { days } => Some((clause.id, days)),
                _ => None,
            });
        let (clause, sentence) = match after {
            Some((_, days)) if days <= most => return None,
            Some((clause, days)) => (
                Some(clause),
                format!(
                    "what was received is deleted after {most} days at most, and here after {days}"
                ),
            ),
            None => (
                None,
                format!("what was received is deleted after {most} days at most, and here never"),
            ),
        };
        Some(self.broken_rule_finding(
            OfferRuleKind::DeleteAfterMostDays,
            clause,
            &sentence,
            format!("add the duty: duties = [\"delete-after {most} days\"]"),
        ))
    }

    fn public_view(&self) -> Option<LintFinding> {
        if !self.book.rules.no_public_views || !self.terms.public {
            return None;
        }
        Some(self.broken_rule_finding(
            OfferRuleKind::PublicViews,
            None,
            "nothing is offered to the public",
            "offer it to the league: to = \"league\"",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{
        counts_dataset, parse_time, sample_agreement, sample_offer, sample_taxonomy, sql_names,
    };
    use hansa_policy::term::relative_window::RelativeWindowTerm;
    use hansa_policy::value::cube::{CountingUnit, CubeFunction};

    fn now() -> UtcTimestamp {
        parse_time("2026-06-01T00:00:00Z")
    }

    /// Findings: rule, clause and severity.
    fn found(rules: &OfferRules, terms: Vec<Term>, to: OfferRecipients) -> Vec<String> {
        found_on(|_| {}, rules, terms, to)
    }

    fn found_on(
        change: fn(&mut Dataset),
        rules: &OfferRules,
        terms: Vec<Term>,
        to: OfferRecipients,
    ) -> Vec<String> {
        let mut dataset = counts_dataset();
        change(&mut dataset);
        let offer = sample_offer(terms, to);
        let book = VersionedRules { version: 3, rules };
        let told = |findings: Vec<LintFinding>| -> Vec<String> {
            findings
                .into_iter()
                .map(|finding| {
                    assert_eq!(finding.code, ErrorCode::RulebookViolated);
                    assert_eq!(finding.severity, super::super::LintSeverity::Error);
                    assert!(finding.sentence.contains("version 3"));
                    assert_eq!(finding.help.len(), 1, "{finding:?}");
                    let rule = finding.sentence.split('`').nth(1).unwrap().to_owned();
                    let clause = finding
                        .clause
                        .map_or_else(String::new, |id| format!(" {id}"));
                    format!("{rule}{clause}")
                })
                .collect()
        };
        let of_offer = told(check_rulebook_rules(
            (&offer).into(),
            &dataset,
            &sample_taxonomy(),
            book,
            now(),
        ));
        // An agreement on the offer gives equal findings.
        let agreement = sample_agreement(&offer, &dataset);
        let of_agreement = told(check_rulebook_rules(
            (&agreement).into(),
            &dataset,
            &sample_taxonomy(),
            book,
            now(),
        ));
        assert_eq!(of_offer, of_agreement);
        of_offer
    }

    fn purpose(text: &str) -> Term {
        Term::Purpose(vec![text.parse().unwrap()])
    }

    #[test]
    fn no_rules_demand_nothing() {
        let none = OfferRules::default();
        for to in [OfferRecipients::League, OfferRecipients::Public] {
            assert!(found(&none, Vec::new(), to).is_empty());
        }
    }

    #[test]
    fn purposes_are_named_and_within_the_permitted_ones() {
        let required = OfferRules {
            purposes_required: true,
            ..OfferRules::default()
        };
        let league = || OfferRecipients::League;
        assert_eq!(found(&required, vec![], league()), ["purposes_required"]);
        assert!(found(&required, vec![purpose("dpv:Research")], league()).is_empty());
        let permitted = |text: &str| OfferRules {
            purposes: vec![text.parse().unwrap()],
            ..OfferRules::default()
        };
        let research = permitted("dpv:Research");
        assert_eq!(found(&research, vec![], league()), ["purposes"]);
        assert_eq!(
            found(&research, vec![purpose("dpv:Purpose")], league()),
            ["purposes #c1"]
        );
        assert!(found(&research, vec![purpose("dpv:Research")], league()).is_empty());
        // A narrower purpose is permitted; an unknown one is not covered.
        assert!(
            found(
                &permitted("dpv:Purpose"),
                vec![purpose("dpv:Research")],
                league()
            )
            .is_empty()
        );
        assert_eq!(
            found(
                &permitted("dpv:Purpose"),
                vec![purpose("elsewhere")],
                league()
            ),
            ["purposes #c1"]
        );
    }

    #[test]
    fn a_contract_lasts_no_longer() {
        // The offer ends on 2027-01-01, 214 days from now.
        let longest = |days| OfferRules {
            longest_days: Some(days),
            ..OfferRules::default()
        };
        let league = || OfferRecipients::League;
        assert!(found(&longest(214), vec![], league()).is_empty());
        assert_eq!(found(&longest(213), vec![], league()), ["longest_days"]);
        let until = Term::NotAfter(parse_time("2027-01-01T00:00:00Z"));
        assert_eq!(
            found(&longest(213), vec![until], league()),
            ["longest_days #c1"]
        );
        let lasts = |since| Term::Lasts(RelativeWindowTerm { days: 30, since });
        let short = vec![lasts(WindowStart::Activation)];
        assert!(found(&longest(30), short, league()).is_empty());
        let unknown = vec![lasts(WindowStart::FirstUse)];
        assert_eq!(found(&longest(30), unknown, league()), ["longest_days"]);
        let mut endless = sample_offer([], league());
        endless.not_after = UtcTimestamp::LATEST;
        let rules = longest(36_500);
        let book = VersionedRules {
            version: 1,
            rules: &rules,
        };
        let found = check_rulebook_rules(
            (&endless).into(),
            &counts_dataset(),
            &sample_taxonomy(),
            book,
            now(),
        );
        assert!(found[0].sentence.contains("has no end"), "{found:?}");
    }

    #[test]
    fn a_cell_counts_enough() {
        let rules = OfferRules {
            least_rows: Some(10),
            ..OfferRules::default()
        };
        let cube = |group: Option<u32>| {
            let mut terms = vec![
                Term::Functions(vec![CubeFunction::Count]),
                Term::Dimensions(sql_names(&["site"])),
            ];
            terms.extend(group.map(|at_least| Term::MinGroup {
                at_least,
                unit: CountingUnit::Rows,
            }));
            terms
        };
        let league = || OfferRecipients::League;
        assert_eq!(found(&rules, cube(None), league()), ["least_rows"]);
        assert_eq!(found(&rules, cube(Some(9)), league()), ["least_rows #c3"]);
        assert!(found(&rules, cube(Some(10)), league()).is_empty());
        // Rows have no groups to be counted.
        let rows = vec![Term::Columns(sql_names(&["site"]))];
        assert!(found(&rules, rows, league()).is_empty());
    }

    #[test]
    fn licence_and_recipients_are_permitted_ones() {
        let rules = OfferRules {
            licences: vec!["CC-BY-4.0".to_owned()],
            no_public_views: true,
            ..OfferRules::default()
        };
        assert_eq!(found(&rules, vec![], OfferRecipients::League), ["licences"]);
        let open = |dataset: &mut Dataset| dataset.licence = "CC-BY-4.0".to_owned();
        assert!(found_on(open, &rules, vec![], OfferRecipients::League).is_empty());
        assert_eq!(
            found_on(open, &rules, vec![], OfferRecipients::Public),
            ["public_views"]
        );
    }

    #[test]
    fn duties_are_demanded() {
        let rules = OfferRules {
            attribution_required: true,
            delete_after_most_days: Some(30),
            ..OfferRules::default()
        };
        let league = || OfferRecipients::League;
        let both = ["delete_after_most_days", "attribution_required"];
        assert_eq!(found(&rules, vec![], league()), both);
        let duties = |days| {
            vec![
                Term::Attribution("Stadt Lindau".to_owned()),
                Term::DeleteAfter { days },
            ]
        };
        assert!(found(&rules, duties(30), league()).is_empty());
        assert_eq!(
            found(&rules, duties(31), league()),
            ["delete_after_most_days #c2"]
        );
    }

    /// The regulation forbids such terms, so the rulebook can't demand them.
    #[test]
    fn a_high_value_dataset_need_not_be_restricted() {
        let rules = OfferRules {
            purposes_required: true,
            delete_after_most_days: Some(30),
            attribution_required: true,
            ..OfferRules::default()
        };
        let high_value = |dataset: &mut Dataset| dataset.high_value = true;
        assert_eq!(
            found_on(high_value, &rules, vec![], OfferRecipients::League),
            ["attribution_required"]
        );
    }
}
