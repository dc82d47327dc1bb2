//! Tests of the order of the checks, of their refusals, and of the totality of the decision.

mod admission_property;
mod prohibitions;
mod purposes;
mod restrictions;
mod totality;

use super::query_shape::JoinUse;
use super::quota_budget::QuotaKind;
use super::*;
use crate::attribute::ParticipantAttribute;
use crate::contract::{Agreement, Assignee};
use crate::effect::EffectKind;
use crate::fixture::{
    CONSUMER, active_contracts, attested_attribute, contract_id, parse_name, parse_names,
    parse_purpose, parse_purposes, parse_time, provider_dataset, registry_with, sample_agreement,
    sample_schema, small_taxonomy, standing_of, verified_program as program_of,
};
use crate::id::SqlIdentifier;
use crate::peer::ProgramAccess;
use crate::refusal::ErrorCode;
use crate::row_filter::parse_row_filter;
use crate::term::Term;
use crate::term::contract_context::ContractContext;
use crate::term::place_cells::PlaceCellsTerm;
use crate::term::schema_version::SchemaCompatibility;
use crate::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};
use hansa_audit_log::day_zone::DayZone;
use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_audit_log::ledger::Evidence as _;

#[derive(Debug)]
struct TestQuery(BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>);

impl QueryShape for TestQuery {
    fn used_columns(&self) -> &BTreeMap<DatasetId, BTreeSet<SqlIdentifier>> {
        &self.0
    }

    fn digest(&self) -> Digest {
        Digest::of(b"plan")
    }

    fn dataset_joins(&self) -> BTreeMap<DatasetId, JoinUse> {
        let all: BTreeSet<DatasetId> = self.0.keys().cloned().collect();
        let with = |own: &DatasetId| all.iter().filter(|id| *id != own).cloned().collect();
        let meeting = |id: &DatasetId, used: &BTreeSet<SqlIdentifier>| JoinUse {
            with: with(id),
            used: used.clone(),
            ..JoinUse::default()
        };
        let each = self.0.iter();
        each.map(|(id, used)| (id.clone(), meeting(id, used)))
            .collect()
    }
}

/// Question under contracts; everything else is as usual.
struct DecisionCase<'a> {
    agreements: Vec<Agreement>,
    reads: Vec<(&'static str, &'a [&'a str])>,
    now: &'a str,
    purpose: Option<&'static str>,
    spent: u64,
    schema_changed: bool,
    around: BTreeMap<ContractId, ContractContext>,
    extends: BTreeMap<DatasetId, BTreeSet<Digest>>,
    restrictions: ProviderRestrictions,
    spent_by_restriction: u64,
    /// Access of a program; none for a connector.
    program: Option<ProgramAccess>,
}

impl DecisionCase<'_> {
    fn of(terms: Vec<Term>) -> Self {
        Self {
            agreements: vec![sample_agreement("bikes", terms)],
            reads: vec![("bikes", &["site"])],
            now: "2026-06-01T12:00:00Z",
            purpose: Some("dpv:Academic"),
            spent: 0,
            schema_changed: false,
            around: BTreeMap::new(),
            extends: BTreeMap::new(),
            restrictions: ProviderRestrictions::new(),
            spent_by_restriction: 0,
            program: None,
        }
    }

    fn decide(&self) -> Result<PermitDecision<TestQuery>, Refusal> {
        let reads = self
            .reads
            .iter()
            .map(|(of, columns)| {
                (
                    provider_dataset(of),
                    parse_names(columns).into_iter().collect(),
                )
            })
            .collect();
        let standing = match &self.program {
            None => active_contracts(self.agreements.clone()),
            Some(program) => standing_of(&program_of(CONSUMER, program), self.agreements.clone()),
        };
        self.with_facts(|facts| decide_question(standing, facts, TestQuery(reads)))
    }

    fn with_facts<T>(&self, act: impl FnOnce(&DecisionInput<'_>) -> T) -> T {
        let schemas: BTreeMap<_, _> = self
            .agreements
            .iter()
            .map(|agreement| {
                let digest = if self.schema_changed {
                    Digest::of(b"other")
                } else {
                    agreement.dataset.schema
                };
                (agreement.dataset.id.clone(), digest)
            })
            .collect();
        let snapshots = schemas
            .keys()
            .map(|id| (id.clone(), "2026-06-01.1".to_owned()))
            .collect();
        let spent = self
            .agreements
            .iter()
            .flat_map(|agreement| {
                let id = contract_id(agreement.dataset.id.name.as_str());
                agreement
                    .clauses
                    .iter()
                    .map(move |clause| ((id, clause.id), self.spent))
                    .chain((0..9).map(move |number| {
                        (
                            (id, ClauseId(number).in_restriction()),
                            self.spent_by_restriction,
                        )
                    }))
            })
            .collect();
        let purpose = self.purpose.map(parse_purpose);
        let facts = DecisionInput {
            now: parse_time(self.now),
            request: RequestId([7; 16]),
            sql_commit: Digest::of(b"sql"),
            purpose: purpose.as_ref(),
            taxonomy: &small_taxonomy(),
            schemas: &schemas,
            extends: &self.extends,
            snapshots: &snapshots,
            spent: &spent,
            contexts: &self.around,
            restrictions: &self.restrictions,
            tenant: None,
            connector_version: "0.1.0",
        };
        act(&facts)
    }
}

#[track_caller]
fn refused(case: &DecisionCase<'_>) -> Refusal {
    case.decide().expect_err("must be refused")
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

/// A count that was not looked up is at its maximum, so that a clause that depends on it refuses.
#[test]
fn what_nobody_looked_up_refuses() {
    for (term, code) in [
        (Term::Concurrent(1000), ErrorCode::TooManyStreams),
        (Term::Receipts(1000), ErrorCode::ReceiptOverdue),
    ] {
        assert_eq!(refused(&DecisionCase::of(vec![term])).code, code);
    }
}

/// A contract accepts another schema only with a clause for it, and only one that extends its own.
#[test]
fn a_schema_that_has_only_grown() {
    let columns = || Term::Columns(parse_names(&["site"]));
    let met = |terms: Vec<Term>, extends: &[&str]| {
        let mut case = DecisionCase::of(terms);
        case.schema_changed = true;
        let earlier = extends.iter().map(|of| sample_schema(of)).collect();
        case.extends.insert(provider_dataset("bikes"), earlier);
        case.decide().map(|_| ()).map_err(|refusal| refusal.code)
    };
    let compatible = || vec![columns(), Term::Version(SchemaCompatibility::Compatible)];
    let changed = Err(ErrorCode::SchemaChanged);
    assert_eq!(met(compatible(), &["other", "bikes"]), Ok(()));
    assert_eq!(met(compatible(), &["other"]), changed);
    assert_eq!(met(compatible(), &[]), changed);
    assert_eq!(met(vec![columns()], &["bikes"]), changed);
    let exact = vec![columns(), Term::Version(SchemaCompatibility::Exact)];
    assert_eq!(met(exact, &["bikes"]), changed);
}

/// A shown credential admits the question, ends the answer at its own end, and is named in the record.
#[test]
fn a_credential_is_relied_on() {
    let sector: ParticipantAttribute = ParticipantAttribute::Sector("nace:H49.31".parse().unwrap());
    let mut case = DecisionCase::of(vec![Term::Sector(vec!["nace:H49".parse().unwrap()])]);
    let refusal = refused(&case);
    assert_eq!(refusal.code, ErrorCode::SectorNotAttested);
    assert_eq!(refusal.clause, Some(ClauseId(1)));
    let mut around = ContractContext::QUIET;
    around.presented.supposed.push(sector.clone());
    case.around.insert(contract_id("bikes"), around.clone());
    // Assumed attributes don't count for a real question.
    assert_eq!(refused(&case).code, ErrorCode::SectorNotAttested);
    around.presented.attested.push(attested_attribute(sector));
    case.around.insert(contract_id("bikes"), around);
    let ruled = case.decide().unwrap();
    assert_eq!(ruled.end_instant(), parse_time("2026-12-31T00:00:00Z"));
    let entry = ruled.to_record_body().to_json();
    let grants = entry.get("grants").and_then(Json::as_list).unwrap();
    let named = grants[0].get("relied_on").and_then(Json::as_list).unwrap();
    let credentials: Vec<Json> = ruled.relied_on().iter().map(Json::from_display).collect();
    assert_eq!(named, credentials);
    assert_eq!(named, [Json::from_display(Digest::of(b"nace:H49.31"))]);
}

#[test]
fn the_first_check_that_fails_decides_the_code() {
    let everything = || {
        vec![
            Term::NotAfter(parse_time("2026-06-01T12:00:00Z")),
            Term::Purpose(parse_purposes(&["dpv:Marketing"])),
            Term::Queries(quota(10)),
            Term::Columns(parse_names(&["other"])),
        ]
    };
    let mut case = DecisionCase {
        spent: 10,
        schema_changed: true,
        ..DecisionCase::of(everything())
    };
    case.reads.push(("absent", &["site"]));
    let next = |case: &DecisionCase<'_>, code| assert_eq!(refused(case).code, code);
    next(&case, ErrorCode::Expired);
    case.now = "2026-06-01T11:59:59.999999Z";
    next(&case, ErrorCode::PurposeNotCovered);
    case.purpose = Some("dpv:Marketing");
    next(&case, ErrorCode::SchemaChanged);
    case.schema_changed = false;
    next(&case, ErrorCode::QuotaQueries);
    case.spent = 9;
    next(&case, ErrorCode::DatasetUnknown);
    case.reads.pop();
    next(&case, ErrorCode::ColumnUnknown);
    case.reads = vec![("bikes", &["other"])];
    assert!(case.decide().is_ok());
}

#[test]
fn a_cell_can_be_read_and_its_coordinates_can_not() {
    let cells = Term::PlaceCells(PlaceCellsTerm {
        lon: parse_name("lon"),
        lat: parse_name("lat"),
        cell: parse_name("cell"),
        size: "h3:8".parse().unwrap(),
    });
    let shown = Term::Columns(parse_names(&["site", "lon", "lat"]));
    for terms in [vec![cells.clone()], vec![shown, cells]] {
        let mut case = DecisionCase::of(terms);
        case.reads = vec![("bikes", &["site", "cell"])];
        assert!(case.decide().is_ok());
        for column in [&["lon"], &["lat"]] {
            case.reads = vec![("bikes", column)];
            assert_eq!(refused(&case).code, ErrorCode::ColumnUnknown);
        }
    }
}

#[test]
fn an_error_in_any_term_refuses() {
    let mut case = DecisionCase::of(vec![Term::Columns(Vec::new())]);
    case.reads = vec![("bikes", &[])];
    assert_eq!(refused(&case).code, ErrorCode::PolicyContradiction);
    case.agreements = vec![sample_agreement("bikes", [Term::ResultRows(0)])];
    assert_eq!(refused(&case).code, ErrorCode::PolicyContradiction);
}

#[test]
fn what_the_ruling_carries() {
    let mut case = DecisionCase::of(vec![
        Term::Rows(parse_row_filter("site = {{consumer}}").unwrap()),
        Term::Queries(quota(10)),
        Term::RowQuota(quota(1_000)),
        Term::ByteQuota(quota(1_000_000)),
        Term::ResultRows(500),
        Term::NotAfter(parse_time("2026-07-01T00:00:00Z")),
        Term::DeleteAfter { days: 30 },
    ]);
    case.agreements
        .push(sample_agreement("air", [Term::ResultRows(50)]));
    case.reads.push(("air", &["no2"]));
    case.spent = 3;
    let ruled = case.decide().unwrap();
    let counted: Vec<QuotaKind> = ruled.budgets().iter().map(|b| b.counts).collect();
    assert_eq!(
        counted,
        [QuotaKind::Queries, QuotaKind::Rows, QuotaKind::Bytes]
    );
    assert_eq!(ruled.budgets()[0].slot, parse_time("2026-06-01T00:00:00Z"));
    assert_eq!(
        collect_budgets(
            ruled.active_contracts(),
            &BTreeMap::new(),
            parse_time(case.now)
        )
        .unwrap(),
        ruled.budgets(),
        "what is looked up is what is drawn on"
    );
    assert_eq!(ruled.row_limit().unwrap().rows, 50);
    assert_eq!(ruled.row_limit().unwrap().contract, contract_id("air"));
    assert_eq!(ruled.end_instant(), parse_time("2026-07-01T00:00:00Z"));
    let EffectKind::KeepRows(filter) = &ruled.effects()[&provider_dataset("bikes")][0].kind else {
        panic!("a row filter")
    };
    assert_eq!(filter.to_string(), "site = 'firm.example'");
    let entry = ruled.to_record_body();
    assert_eq!(entry.kind(), "permit");
    let body = entry.to_json();
    let grants = body.get("grants").and_then(Json::as_list).unwrap();
    assert_eq!(
        String::from_utf8(to_canonical_bytes(
            grants[1].get("clauses_applied").unwrap()
        ))
        .unwrap(),
        "[1,2,3,4,5,6]",
        "the recorded clause is not among the applied ones"
    );
    let spent = body.get("reservations").and_then(Json::as_list).unwrap();
    assert_eq!(
        spent.len(),
        1,
        "rows and bytes are reserved when they leave"
    );
    assert!(body.is_within_limits(8));
}

#[test]
fn a_contract_that_the_question_does_not_need_costs_nothing() {
    let mut case = DecisionCase::of(Vec::new());
    case.agreements
        .push(sample_agreement("air", [Term::Queries(quota(1))]));
    case.spent = 1;
    assert!(case.decide().is_ok());
    case.reads.push(("air", &["no2"]));
    assert_eq!(refused(&case).code, ErrorCode::QuotaQueries);
}

#[test]
fn a_public_view_binds_whoever_asks() {
    let mut public = sample_agreement(
        "bikes",
        [Term::Rows(parse_row_filter("site = {{consumer}}").unwrap())],
    );
    public.assignee = Assignee::Public;
    let case = DecisionCase {
        agreements: vec![public],
        ..DecisionCase::of(Vec::new())
    };
    let ruled = case.decide().unwrap();
    assert_eq!(ruled.active_contracts().asker().id().as_str(), CONSUMER);
}

#[test]
fn a_refusal_is_recorded_with_what_was_asked() {
    let refusal = Refusal::new(ErrorCode::PurposeMissing, "no purpose")
        .with_contract(contract_id("bikes"))
        .with_clause(ClauseId(4), "purpose is x");
    let asked = RefusedQuery::new(
        active_contracts([sample_agreement("bikes", [])]).asker(),
        RequestId([7; 16]),
        vec![contract_id("bikes")],
        None,
        Digest::of(b"sql"),
    );
    let entry = PendingRefusal::from_refusal(refusal, Some(asked)).to_record_body();
    assert_eq!(entry.kind(), "refuse");
    let text = String::from_utf8(to_canonical_bytes(&entry.to_json())).unwrap();
    for part in [
        r#""code":"PURPOSE_MISSING""#,
        r#""clause":4"#,
        r#""stage":"terms""#,
        r#""peer":"hansa://firm.example""#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // No purpose was declared.
    assert!(!text.contains("purpose\""), "{text}");
}

/// Without the clause, programs without a connector are refused, with help.
#[test]
fn a_program_asks_under_a_clause_alone() {
    let token = |dataset| ProgramAccess::AccessToken {
        id: "0123456789ab".to_owned(),
        contract: contract_id(dataset),
    };
    for program in [ProgramAccess::Certificate, token("bikes")] {
        let mut case = DecisionCase::of(Vec::new());
        case.program = Some(program.clone());
        let refusal = refused(&case);
        assert_eq!(refusal.code, ErrorCode::ConnectorRequired);
        assert_eq!(refusal.contract, Some(contract_id("bikes")));
        case.agreements = vec![sample_agreement("bikes", [Term::OneSidedReceipts])];
        let permitted = case.decide().unwrap();
        let entry = permitted.to_record_body().to_json();
        let said = entry.get("program").unwrap();
        let by = said.get("by").and_then(Json::as_text).unwrap();
        assert_eq!(by == "certificate", program == ProgramAccess::Certificate);
        let certificate = entry.get("peer_cert_sha256");
        assert_eq!(certificate.is_none(), by == "access_token");
        // One contract without the clause refuses the whole question.
        case.agreements.push(sample_agreement("air", []));
        case.reads.push(("air", &["no2"]));
        assert!(case.decide().is_err());
        // Questions of a connector are not affected.
        case.program = None;
        assert!(
            case.decide()
                .unwrap()
                .to_record_body()
                .to_json()
                .get("program")
                .is_none()
        );
    }
    let mut case = DecisionCase::of(vec![Term::OneSidedReceipts]);
    case.program = Some(token("air"));
    assert_eq!(refused(&case).code, ErrorCode::TokenInvalid);
}

/// A caller on the web gets an own public view with open data, if no clause demands its identity, and nothing else.
#[test]
fn only_an_open_view_is_given_to_the_web() {
    use crate::term::open_data::closing_clause;
    let now = parse_time("2026-06-01T00:00:00Z");
    let on_web = |clauses: Vec<Term>, public: bool| {
        let mut agreement = sample_agreement("bikes", clauses);
        if public {
            agreement.assignee = Assignee::Public;
        }
        let registry = registry_with([agreement]);
        registry
            .on_web(contract_id("bikes"), now)
            .map(|active| active.asker().id().clone())
            .map_err(|refusal| refusal.code)
    };
    let open = || vec![Term::OpenData, Term::Columns(parse_names(&["site"]))];
    assert!(on_web(open(), true).is_ok());
    assert_eq!(on_web(open(), false), Err(ErrorCode::DatasetUnknown));
    let league = vec![Term::Columns(parse_names(&["site"]))];
    assert_eq!(on_web(league, true), Err(ErrorCode::DatasetUnknown));
    // Harmless clauses, listed here again: each treats all callers equally, at each time of its period.
    let harmless = [
        "open_data",
        "not_before",
        "not_after",
        "rows",
        "columns",
        "pseudonym",
        "mask",
        "prefix",
        "band",
        "lookup",
        "time_bucket",
        "area",
        "published_area",
        "place_cells",
        "attribution",
        "service",
        "legal_basis",
        "one_sided_receipts",
        "version",
    ];
    let (mut harmless_seen, mut closing) = (BTreeSet::new(), BTreeSet::new());
    for term in Term::samples() {
        let name = term.spec().name;
        let terms = vec![Term::OpenData, term.clone()];
        let closes = closing_clause(&sample_agreement("bikes", terms.clone()).clauses).is_some();
        match closes {
            true => assert!(closing.insert(name) || closing.contains(name)),
            false => assert!(harmless_seen.insert(name) || harmless_seen.contains(name)),
        }
        if closes {
            assert_eq!(
                on_web(terms, true),
                Err(ErrorCode::PolicyContradiction),
                "{term:?}"
            );
        }
    }
    assert_eq!(
        harmless_seen,
        BTreeSet::from(harmless),
        "and those refused: {closing:?}"
    );
    // A period is checked at each use, since a file outlives its question.
    for (window, is_open) in [
        (Term::NotBefore(parse_time("2026-05-31T00:00:00Z")), true),
        (Term::NotBefore(parse_time("2026-06-02T00:00:00Z")), false),
        (Term::NotAfter(parse_time("2026-06-02T00:00:00Z")), true),
        (Term::NotAfter(now), false),
    ] {
        let terms = vec![Term::OpenData, window.clone()];
        assert_eq!(on_web(terms, true).is_ok(), is_open, "{window:?}");
    }
}
