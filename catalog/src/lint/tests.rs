//! Tests of policies and their findings.

mod aggregate_cells;
mod contradictions;
mod hidden_columns;
mod place_beside;
mod place_cells;
mod prohibitions;

use super::*;
use crate::fixture::{
    GRID, clauses, counts_dataset, parse_time, participant, sample_taxonomy, sql_name, sql_names,
};
use hansa_audit_log::day_zone::DayZone;
use hansa_policy::row_filter::{PolicyLiteral, parse_row_filter};
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::value::cube::{CubeFunction, LateDataPolicy, ReleaseTerm};
use hansa_policy::value::privacy_budget::{ClampRange, DimensionValues, PrivacyBudgetTerm};
use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod, TimeBucketWidth};

#[test]
fn a_good_policy_has_no_findings() {
    case(
        vec![
            Term::Columns(sql_names(&["site", "bikes"])),
            rows("site IN ('a', 'b')"),
        ],
        &[],
    );
    case(
        cube(vec![group(10, device()), Term::TotalsFromPublished]),
        &[],
    );
    case_on(personal, cube(vec![group(10, device())]), &[]);
}

/// Noise replaces a smallest group size; a large budget, or one that does not protect persons, is reported.
#[test]
fn a_large_budget_needs_a_second_look() {
    let released = |dataset: &mut Dataset| {
        dataset.personal = true;
        if let Some(grid) = &mut dataset.grid {
            grid.release = Some(release());
        }
    };
    let budget = |most: &str, unit: &str| {
        let budget = PrivacyBudgetTerm {
            most: most.parse().unwrap(),
            per: TimeBucketWidth::Day,
            each: "1".parse().unwrap(),
            unit: sql_name(unit),
            cells: 1,
            rows: 1,
            bounds: vec![ClampRange {
                measure: sql_name("bikes"),
                low: "0".parse().unwrap(),
                high: "10".parse().unwrap(),
            }],
            values: vec![DimensionValues {
                column: sql_name("site"),
                list: vec!["a".to_owned()],
            }],
            from: parse_time("2026-01-01T00:00:00Z"),
        };
        cube(vec![Term::Release(release()), Term::Budget(budget)])
    };
    case_on(released, budget("3", "device"), &[]);
    case_on(
        released,
        budget("3.000001", "device"),
        &["W EPSILON_TOO_LARGE #c7"],
    );
    case_on(released, budget("3", "site"), &["W GROUP_WITHOUT_UNIT #c7"]);
    case_on(
        released,
        budget("3", "nope"),
        &["E TERM_COLUMN_UNKNOWN #c7", "W GROUP_WITHOUT_UNIT #c7"],
    );
    let mut half = budget("1", "device");
    if let Some(Term::Budget(budget)) = half.last_mut() {
        budget.bounds[0].high = "0.5".parse().unwrap();
    }
    case_on(released, half, &["E TERM_ILL_TYPED -"]);
    // Cells of another grid are not released, so nothing would be spent for them.
    let findings = found(budget("1", "device"), |_| {});
    assert_eq!(findings, ["E GRID_CONFLICT #c4"]);
}

fn release() -> ReleaseTerm {
    ReleaseTerm {
        column: sql_name("at"),
        every: TimeBucketWidth::Day,
        late: LateDataPolicy::Never,
    }
}

#[test]
fn columns_and_types() {
    case(
        vec![Term::Columns(sql_names(&["nope", "site", "gone"]))],
        &["E TERM_COLUMN_UNKNOWN #c1", "E TERM_COLUMN_UNKNOWN #c1"],
    );
    case(
        vec![
            rows("nope = 1"),
            mask("bikes", MaskValue::Constant(PolicyLiteral::Bool(true))),
        ],
        &["E TERM_COLUMN_UNKNOWN #c1", "E TERM_ILL_TYPED #c2"],
    );
    case(
        vec![rows("bikes = {{consumer}}")],
        &["E TERM_ILL_TYPED #c1"],
    );
    case(
        cube(vec![group(10, CountingUnit::Column(sql_name("nope")))]),
        &["E GROUP_WITHOUT_UNIT #c6"],
    );
}

#[test]
fn personal_columns_need_a_legal_basis() {
    let basis = || Term::LegalBasis(hansa_policy::term::legal_basis::LegalBasis::PublicTask);
    let found = |terms: Vec<Term>| {
        let mut dataset = counts_dataset();
        for column in &mut dataset.columns {
            column.personal = column.name == sql_name("device");
        }
        let clauses = clauses(terms);
        let findings = check_clauses(&clauses, &dataset, &sample_taxonomy());
        findings
            .into_iter()
            .any(|finding| finding.code == ErrorCode::LegalBasisMissing)
    };
    let device = || Term::Columns(sql_names(&["device", "bikes"]));
    assert!(found(vec![device()]));
    assert!(!found(vec![device(), basis()]));
    assert!(!found(vec![Term::Columns(sql_names(&["bikes"]))]));
    assert!(!found(vec![device(), mask("device", MaskValue::Null)]));
    assert!(!found(cube(vec![group(10, self::device())])));
}

#[test]
fn quotas_purposes_and_ends() {
    case(
        vec![Term::RowQuota(quota(10))],
        &["E ROW_QUOTA_WITHOUT_BYTES #c1"],
    );
    case(
        vec![Term::RowQuota(quota(10)), Term::ByteQuota(quota(1))],
        &[],
    );
    case(
        vec![Term::RowQuota(quota(1_001)), Term::ByteQuota(quota(1))],
        &["W QUOTA_UNFIT #c1"],
    );
    let purpose = |text: &str| Term::Purpose(vec![text.parse().unwrap()]);
    case(vec![purpose("dpv:Research")], &[]);
    case(vec![purpose("dpv:Purpose")], &["W PURPOSE_TOO_BROAD #c1"]);
    case(vec![purpose("bikes")], &["E PURPOSE_UNKNOWN #c1"]);
    let end = |text: &str| {
        shown(&check_clauses(
            &clauses([Term::NotAfter(parse_time(text))]),
            &counts_dataset(),
            &sample_taxonomy(),
        ))
    };
    assert!(end("2031-05-31T00:00:00Z").is_empty());
    assert_eq!(end("2031-06-03T00:00:00Z"), ["W NO_EXPIRY #c1"]);
    assert_eq!(
        shown(&check_clauses(&[], &counts_dataset(), &sample_taxonomy())),
        ["W NO_EXPIRY -"]
    );
}

#[test]
fn open_data() {
    let open = |dataset: &mut Dataset| dataset.licence = "dl-de/by-2-0".to_owned();
    let high = |dataset: &mut Dataset| dataset.high_value = true;
    let terms = || {
        vec![
            Term::Prohibit(ForbiddenUse::Distribute),
            Term::Attribution("City".to_owned()),
            Term::Queries(quota(5)),
        ]
    };
    case(terms(), &[]);
    case_on(open, terms(), &["W LICENCE_ALREADY_OPEN #c1"]);
    case_on(high, terms(), &["E HVD_RESTRICTIVE_TERM #c1"]);
}

#[test]
fn open_licences_are_known_in_many_spellings() {
    for licence in [
        "CC0-1.0",
        "CC-BY-4.0",
        "cc by 4.0",
        "OGL-UK-3.0",
        "ODbL-1.0",
        "dl-de/zero-2-0",
        "CC BY-SA 4.0",
    ] {
        assert!(open_data::is_open(licence), "{licence}");
    }
    for licence in ["proprietary", "CC-BY-NC-4.0", "CC-BY-ND-4.0", ""] {
        assert!(!open_data::is_open(licence), "{licence}");
    }
}

#[test]
fn offers() {
    let now = parse_time("2026-06-01T00:00:00Z");
    let ends = Term::NotAfter(parse_time("2027-01-01T00:00:00Z"));
    let mut offer = crate::fixture::sample_offer([ends], OfferRecipients::League);
    let look = |offer: &Offer, dataset: &Dataset| {
        shown(&super::check_offer(offer, dataset, &sample_taxonomy(), now))
    };
    assert!(look(&offer, &counts_dataset()).is_empty());
    let mut high = counts_dataset();
    high.high_value = true;
    assert!(look(&offer, &high).is_empty());
    offer.to = OfferRecipients::Participants([participant("hansa://firm.example")].into());
    assert_eq!(look(&offer, &high), ["E HVD_RESTRICTIVE_TERM -"]);
    offer.not_after = now;
    assert_eq!(look(&offer, &counts_dataset()), ["E OFFER_ENDED -"]);
    offer.not_before = now;
    assert_eq!(
        look(&offer, &counts_dataset()),
        ["E POLICY_CONTRADICTION -"]
    );
}

#[test]
fn what_we_say_against_a_proposal() {
    let say = |terms: Vec<Term>, change: fn(&mut Dataset)| {
        let offer = crate::fixture::sample_offer(terms, OfferRecipients::League);
        let agreement = crate::fixture::sample_agreement(&offer, &counts_dataset());
        let mut dataset = counts_dataset();
        change(&mut dataset);
        find_objection(&agreement, &dataset, &sample_taxonomy())
    };
    assert_eq!(
        say(vec![Term::ResultRows(5)], |_| {}),
        None,
        "warnings are not objections"
    );
    let refusal = say(vec![Term::ResultRows(5), Term::RowQuota(quota(5))], |_| {}).unwrap();
    assert_eq!(refusal.code, ErrorCode::RowQuotaWithoutBytes);
    assert_eq!(refusal.clause, Some(ClauseId(2)));
    assert!(refusal.allowed.is_some() && !refusal.help.is_empty());
    let changed = say(vec![], |dataset| dataset.columns[0].nullable = false).unwrap();
    assert_eq!(changed.code, ErrorCode::SchemaChanged);
}

/// Findings as `E CODE #c1` and `W CODE -`.
fn found(mut terms: Vec<Term>, change: impl FnOnce(&mut Dataset)) -> Vec<String> {
    let mut dataset = counts_dataset();
    change(&mut dataset);
    terms.push(Term::NotAfter(parse_time("2027-01-01T00:00:00Z")));
    shown(&check_clauses(
        &clauses(terms),
        &dataset,
        &sample_taxonomy(),
    ))
}

fn shown(findings: &[LintFinding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            assert!(!finding.sentence.is_empty() && !finding.sentence.ends_with('.'));
            let severity = match finding.severity {
                LintSeverity::Error => "E",
                LintSeverity::Warning => "W",
            };
            let clause = finding
                .clause
                .map_or_else(|| "-".to_owned(), |clause| clause.to_string());
            format!("{severity} {} {clause}", finding.code)
        })
        .collect()
}

#[track_caller]
fn case(terms: Vec<Term>, expect: &[&str]) {
    case_on(|_| {}, terms, expect);
}

#[track_caller]
fn case_on(change: impl FnOnce(&mut Dataset), terms: Vec<Term>, expect: &[&str]) {
    let text = format!("{terms:?}");
    assert_eq!(found(terms, change), expect, "{text}");
}

fn rows(filter: &str) -> Term {
    Term::Rows(parse_row_filter(filter).unwrap())
}

fn mask(column: &str, mask: MaskValue) -> Term {
    Term::Mask {
        column: sql_name(column),
        mask,
    }
}

fn quota(max: u64) -> PeriodQuota {
    PeriodQuota {
        max,
        per: QuotaPeriod::Days {
            count: QuotaDays::One,
            zone: DayZone::utc(),
        },
    }
}

fn group(at_least: u32, unit: CountingUnit) -> Term {
    Term::MinGroup { at_least, unit }
}

fn device() -> CountingUnit {
    CountingUnit::Column(sql_name("device"))
}

/// Sums by site and day, with `more` clauses from `#c6` on.
fn cube(more: Vec<Term>) -> Vec<Term> {
    let mut terms = vec![
        Term::Functions(vec![CubeFunction::Count, CubeFunction::Sum]),
        Term::Dimensions(sql_names(&["site", "at"])),
        Term::Measures(sql_names(&["bikes"])),
        Term::Grid(GRID.to_owned()),
        Term::TimeBucket {
            column: sql_name("at"),
            bucket: TimeBucketWidth::Day,
            zone: Some("Europe/Berlin".to_owned()),
        },
    ];
    terms.extend(more);
    terms
}

fn personal(dataset: &mut Dataset) {
    dataset.personal = true;
}

/// A proposal can't be used to search for columns: a hidden column gives the finding of one that does not exist.
#[test]
fn a_proposal_names_what_its_sender_can_know() {
    let mut entry = counts_dataset();
    entry
        .columns
        .retain(|column| ["site", "bikes"].contains(&column.name.as_str()));
    let clause = |id, columns: &[&str]| Clause {
        id: ClauseId(id),
        term: Term::Columns(columns.iter().map(|text| sql_name(text)).collect()),
    };
    let report = |column: &str| {
        let refusal = unknown_to_sender(&[clause(2, &["site", column])], &entry, &[]).unwrap();
        assert_eq!(refusal.code, ErrorCode::TermColumnUnknown);
        format!("{refusal} {:?}", refusal.help).replace(column, "COLUMN")
    };
    // `device` exists and is hidden, `gadget` does not exist.
    assert_eq!(report("device"), report("gadget"));
    assert!(!report("gadget").contains("device"));
    let known = |shown: &[Clause], columns: &[&str]| {
        unknown_to_sender(&[clause(2, columns)], &entry, shown).is_none()
    };
    assert!(known(&[], &["site", "bikes"]));
    assert!(known(&[clause(7, &["device"])], &["bikes", "device"]));
}

/// A proposal can't be used to search for groups: a group that the sender was not shown gives the finding of one that does not
/// exist.
#[test]
fn a_proposal_names_no_group_that_its_sender_was_not_shown() {
    let entry = counts_dataset();
    let clause = |id, group: &str| Clause {
        id: ClauseId(id),
        term: Term::Group(group.parse().unwrap()),
    };
    let mut published = PublishedLists::default();
    published.know_groups(["hanse", "staff"].map(|name| name.parse().unwrap()).into());
    let shown = [clause(7, "hanse")];
    let report = |group: &str| {
        let proposed = [clause(2, group)];
        let beyond = unknown_to_sender(&proposed, &entry, &shown);
        let refusal = beyond.or_else(|| published.check_executable(&proposed).err())?;
        Some(format!("{refusal} {:?}", refusal.help).replace(group, "GROUP"))
    };
    assert_eq!(report("hanse"), None);
    // `staff` exists, and no shown clause names it; `stuff` does not exist.
    let absent = report("stuff").unwrap();
    assert_eq!(report("staff"), Some(absent.clone()));
    assert!(absent.contains("TERM_NOT_EXECUTABLE_HERE"), "{absent}");
    // The provider's signatory gets the actual finding.
    assert!(published.check_executable(&[clause(2, "staff")]).is_ok());
}
