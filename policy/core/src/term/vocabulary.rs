//! Vocabulary: the list of all terms, for reading and writing clauses in ODRL.

use super::aggregate::{aggregate_terms, secondary_suppression};
use super::duty::ForbiddenUse;
use super::prohibition::{ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm};
use super::purpose::purpose_terms;
use super::rule::{OdrlPosition, OdrlReader, OdrlWriter, TermSpec};
use super::{
    Clause, Term, area, attestation, band, columns, consent, delivery, dominance, duty, embargo,
    exclusivity, form_choice, group, hours, inform, joins, key_transfer, legal_basis, lookup, mask,
    min_group, odrl, one_sided_receipts, open_data, place_cells, prefix, price, privacy_budget,
    prohibition, pseudonym, published_area, quota, receipts, region, relative_window, release,
    row_filter_term, schema_version, sector, service_level, throughput, time_bucket, window,
};
use crate::id::{ClauseId, DatasetId, ParticipantId};
use crate::refusal::Refusal;
use crate::strict_object::{ReaderErrorCodes, StrictObjectReader};
use hansa_audit_log::json::Json;

/// Reader of a term's ODRL form. Place, operand and operator have already been matched.
type FormReader = fn(&mut OdrlReader<'_>) -> Result<Term, Refusal>;

/// Term of the vocabulary with the reader of its form.
#[derive(Debug)]
pub struct VocabularyEntry {
    /// Specification for tables, readers and writers.
    pub spec: &'static TermSpec,
    read: FormReader,
}

const fn vocabulary_entry(spec: &'static TermSpec, read: FormReader) -> VocabularyEntry {
    VocabularyEntry { spec, read }
}

/// All terms of this program version, in the order of their numbers.
pub static VOCABULARY: &[VocabularyEntry] = &[
    vocabulary_entry(&group::MEMBER, |form| {
        group::read_group(form).map(Term::Group)
    }),
    vocabulary_entry(&sector::SECTOR, |form| {
        sector::read_sectors(form).map(Term::Sector)
    }),
    vocabulary_entry(&purpose_terms::ONE_OF, |form| {
        purpose_terms::read_purposes(form).map(Term::Purpose)
    }),
    vocabulary_entry(&purpose_terms::NONE_OF, |form| {
        purpose_terms::read_purposes(form).map(Term::PurposeNot)
    }),
    vocabulary_entry(&window::FROM, |form| {
        form.read_instant("rightOperand").map(Term::NotBefore)
    }),
    vocabulary_entry(&window::UNTIL, |form| {
        form.read_instant("rightOperand").map(Term::NotAfter)
    }),
    vocabulary_entry(&relative_window::LASTS, |form| {
        relative_window::read_relative_window(form).map(Term::Lasts)
    }),
    vocabulary_entry(&hours::HOURS, |form| {
        hours::read_hours(form).map(Term::Hours)
    }),
    vocabulary_entry(&row_filter_term::WHERE, |form| {
        row_filter_term::read_row_filter(form).map(Term::Rows)
    }),
    vocabulary_entry(&columns::ONLY, |form| {
        columns::read_columns(form).map(Term::Columns)
    }),
    vocabulary_entry(&pseudonym::PSEUDONYM, form_choice::read_masking_term),
    vocabulary_entry(&mask::MASKED, form_choice::read_masking_term),
    vocabulary_entry(&prefix::PREFIX, form_choice::read_masking_term),
    vocabulary_entry(&band::BAND, form_choice::read_masking_term),
    vocabulary_entry(&lookup::LOOKUP, form_choice::read_masking_term),
    vocabulary_entry(&time_bucket::FLOORED, form_choice::time_bucket),
    vocabulary_entry(&area::INSIDE, form_choice::read_area_term),
    vocabulary_entry(&published_area::WITHIN, form_choice::read_area_term),
    vocabulary_entry(&place_cells::PLACE_CELLS, |form| {
        place_cells::read_place_cells(form).map(Term::PlaceCells)
    }),
    vocabulary_entry(&aggregate_terms::FUNCTIONS, |form| {
        aggregate_terms::read_functions(form).map(Term::Functions)
    }),
    vocabulary_entry(&aggregate_terms::DIMENSIONS, |form| {
        form.read_texts("rightOperand").map(Term::Dimensions)
    }),
    vocabulary_entry(&aggregate_terms::MEASURES, |form| {
        form.read_texts("rightOperand").map(Term::Measures)
    }),
    vocabulary_entry(&min_group::AT_LEAST, form_choice::min_group),
    vocabulary_entry(&dominance::DOMINANCE_P, |form| {
        dominance::read_p(form).map(Term::Dominance)
    }),
    vocabulary_entry(&dominance::DOMINANCE_NK, |form| {
        dominance::read_nk(form).map(Term::Dominance)
    }),
    vocabulary_entry(
        &secondary_suppression::TOTALS,
        form_choice::read_secondary_term,
    ),
    vocabulary_entry(
        &secondary_suppression::COMPLEMENT,
        form_choice::read_secondary_term,
    ),
    vocabulary_entry(
        &secondary_suppression::ROUNDED,
        form_choice::read_secondary_term,
    ),
    vocabulary_entry(&aggregate_terms::GRID, |form| {
        form.read_iri("rightOperand").map(Term::Grid)
    }),
    vocabulary_entry(&release::RELEASE, |form| {
        release::read_release(form).map(Term::Release)
    }),
    vocabulary_entry(&privacy_budget::BUDGET, |form| {
        privacy_budget::read_privacy_budget(form).map(Term::Budget)
    }),
    vocabulary_entry(&joins::KEYS, |form| {
        form.read_texts("rightOperand").map(Term::JoinKeys)
    }),
    vocabulary_entry(&joins::WITH, |form| {
        joins::read_with(form).map(Term::JoinWith)
    }),
    vocabulary_entry(&joins::STAY, |form| {
        joins::read_stay(form).map(|()| Term::KeysStay)
    }),
    vocabulary_entry(&key_transfer::TRAVEL, |form| {
        key_transfer::read_key_transfer(form).map(Term::KeysTravel)
    }),
    vocabulary_entry(&quota::QUERIES, |form| {
        quota::read_quota(form).map(Term::Queries)
    }),
    vocabulary_entry(&quota::ROWS, |form| {
        quota::read_quota(form).map(Term::RowQuota)
    }),
    vocabulary_entry(&quota::BYTES, |form| {
        quota::read_quota(form).map(Term::ByteQuota)
    }),
    vocabulary_entry(&throughput::RATE, |form| {
        form.read_number("rightOperand").map(Term::RowsPerSecond)
    }),
    vocabulary_entry(&throughput::AT_ONCE, |form| {
        form.read_number("rightOperand").map(Term::Concurrent)
    }),
    vocabulary_entry(&quota::RESULT_ROWS, |form| {
        form.read_number("rightOperand").map(Term::ResultRows)
    }),
    vocabulary_entry(&embargo::EMBARGO, |form| {
        embargo::read_embargo(form).map(Term::Embargo)
    }),
    vocabulary_entry(&delivery::NETWORKS, |form| {
        form.read_texts("rightOperand").map(Term::Networks)
    }),
    vocabulary_entry(&region::REGION, |form| {
        region::read_region(form).map(Term::Region)
    }),
    vocabulary_entry(&delivery::FORMATS_ALLOWED, |form| {
        delivery::read_formats(form).map(Term::Formats)
    }),
    vocabulary_entry(&duty::DELETE, |form| {
        form.read_deadline().map(|days| Term::DeleteAfter { days })
    }),
    vocabulary_entry(&attestation::ATTEST, |form| {
        form.read_deadline().map(|days| Term::Attest { days })
    }),
    vocabulary_entry(&duty::ATTRIBUTE, |form| {
        duty::read_attribute(form).map(Term::Attribution)
    }),
    vocabulary_entry(&duty::DISTRIBUTE, |_| {
        Ok(Term::Prohibit(ForbiddenUse::Distribute))
    }),
    vocabulary_entry(&duty::SELL, |_| Ok(Term::Prohibit(ForbiddenUse::Sell))),
    vocabulary_entry(&duty::DERIVE, |_| Ok(Term::Prohibit(ForbiddenUse::Derive))),
    vocabulary_entry(&prohibition::USE, |form| {
        read_prohibition(form, ProhibitedAction::Use)
    }),
    vocabulary_entry(&prohibition::QUERY, |form| {
        read_prohibition(form, ProhibitedAction::Query)
    }),
    vocabulary_entry(&prohibition::AGGREGATE, |form| {
        read_prohibition(form, ProhibitedAction::Aggregate)
    }),
    vocabulary_entry(&exclusivity::EXCLUSIVE, |form| {
        exclusivity::read_exclusivity(form).map(|()| Term::Exclusive)
    }),
    vocabulary_entry(&service_level::SERVICE, |form| {
        service_level::read_service_level(form).map(Term::Service)
    }),
    vocabulary_entry(&price::PRICE, |form| {
        price::read_price(form).map(Term::Price)
    }),
    vocabulary_entry(&price::PREPAID, |form| {
        price::read_price(form).map(Term::Price)
    }),
    vocabulary_entry(&inform::TELL, form_choice::read_inform_term),
    vocabulary_entry(&inform::NOTIFY, form_choice::read_inform_term),
    vocabulary_entry(&legal_basis::BASIS, |form| {
        legal_basis::read_legal_basis(form).map(Term::LegalBasis)
    }),
    vocabulary_entry(&consent::CONSENT, |form| {
        form.check_duty_moment("h:always")
            .map(|()| Term::ObtainConsent)
    }),
    vocabulary_entry(&receipts::RECEIPTS, |form| {
        form.read_number("rightOperand").map(Term::Receipts)
    }),
    vocabulary_entry(&one_sided_receipts::ONE_SIDED_RECEIPTS, |form| {
        one_sided_receipts::read_one_sided_receipts(form).map(|()| Term::OneSidedReceipts)
    }),
    vocabulary_entry(&open_data::OPEN_DATA, |form| {
        open_data::read_open_data(form).map(|()| Term::OpenData)
    }),
    vocabulary_entry(&schema_version::VERSION, |form| {
        schema_version::read_schema_version(form).map(Term::Version)
    }),
];

/// ODRL form of a clause with its number.
#[must_use]
pub fn write_clause(clause: &Clause, script: &mut OdrlWriter<'_>) -> Json {
    let json = clause.term.with_rule(|rule| odrl::write_form(rule, script));
    odrl::with_clause_id(json, clause.id)
}

/// Reads the clause at place `at` in a policy of `assigner`.
///
/// # Errors
/// `TERM_UNKNOWN` for an operand, operator, value or member that is unknown or belongs to another place; `TERM_ILL_TYPED` for a
/// value of another type. Both name the clause.
pub fn read_clause(
    json: Json,
    at: String,
    position: OdrlPosition,
    assigner: &ParticipantId,
) -> Result<Clause, Refusal> {
    let mut members = StrictObjectReader::from_json(json, at, ReaderErrorCodes::POLICY)?;
    let id: ClauseId = members.parse_text("uid")?;
    members.set_codes(members.codes().with_clause(id));
    let (entry, operator) = match position {
        OdrlPosition::Permission | OdrlPosition::Target | OdrlPosition::Action => {
            find_constraint_entry(&mut members, position)?
        }
        OdrlPosition::Duty => (
            find_action_entry(&mut members, position, "duty")?,
            String::new(),
        ),
        OdrlPosition::Prohibition => (
            find_action_entry(&mut members, position, "prohibited action")?,
            String::new(),
        ),
        OdrlPosition::Obligation => (
            find_action_entry(&mut members, position, "obligation")?,
            String::new(),
        ),
    };
    let term = (entry.read)(&mut OdrlReader {
        members: &mut members,
        operator: &operator,
        assigner,
    })?;
    members.finish()?;
    Ok(Clause { id, term })
}

fn find_constraint_entry(
    members: &mut StrictObjectReader,
    position: OdrlPosition,
) -> Result<(&'static VocabularyEntry, String), Refusal> {
    let left = members.take_text("leftOperand")?;
    let known = || VOCABULARY.iter().filter(|entry| entry.spec.operand == left);
    let Some(own) = known().map(|entry| entry.spec.position).next() else {
        return Err(members
            .codes()
            .unknown_refusal(format!("the operand `{left}` is not known")));
    };
    if known().all(|entry| entry.spec.position != position) {
        return Err(members.codes().unknown_refusal(format!(
            "the operand `{left}` stands in {position}, where it is not executed; its place is {own}"
        )));
    }
    let operator = members.take_text("operator")?;
    let found = known()
        .filter(|entry| entry.spec.position == position)
        .find(|entry| entry.spec.operators.contains(&operator.as_str()));
    match found {
        Some(entry) => Ok((entry, operator)),
        None => Err(members.codes().unknown_refusal(format!(
            "the operator `{operator}` is not known for the operand `{left}`"
        ))),
    }
}

fn find_action_entry(
    members: &mut StrictObjectReader,
    position: OdrlPosition,
    what: &str,
) -> Result<&'static VocabularyEntry, Refusal> {
    let action = members.take_text("action")?;
    VOCABULARY
        .iter()
        .find(|entry| entry.spec.position == position && entry.spec.operand == action)
        .ok_or_else(|| {
            members
                .codes()
                .unknown_refusal(format!("the {what} `{action}` is not known"))
        })
}

fn read_prohibition(form: &mut OdrlReader<'_>, act: ProhibitedAction) -> Result<Term, Refusal> {
    let mut when = ProhibitionCondition::ALWAYS;
    for (at, json) in form.members.take_items("constraint")? {
        let term = read_constraint(form, json, at, OdrlPosition::Permission)?;
        add_constraint(&mut when, term).map_err(|term| cant_carry(form, &term, "a prohibition"))?;
    }
    let part = if form.members.has_member("target") {
        Some(prohibited_part(form)?)
    } else {
        None
    };
    Ok(ProhibitionTerm {
        action: act,
        part,
        condition: when,
    }
    .into())
}

/// Adds a constraint to the condition. Gives back a term that can't be one, or a duplicate.
fn add_constraint(when: &mut ProhibitionCondition, term: Term) -> Result<(), Term> {
    match term {
        Term::Purpose(list) if when.purpose.is_none() => when.purpose = Some(list),
        Term::NotBefore(from) if when.from.is_none() => when.from = Some(from),
        Term::NotAfter(until) if when.until.is_none() => when.until = Some(until),
        Term::Hours(hours) if when.hours.is_none() => when.hours = Some(hours),
        Term::Networks(list) if when.networks.is_none() => when.networks = Some(list),
        other => return Err(other),
    }
    Ok(())
}

/// Reads the part of a prohibition. Its source must be the dataset of the policy; the comparison with the rewritten policy checks
/// that.
fn prohibited_part(form: &mut OdrlReader<'_>) -> Result<ProhibitedPart, Refusal> {
    let mut target = form.members.take_object("target")?;
    target.exactly_text("@type", "AssetCollection")?;
    let _: DatasetId = target.parse_text("source")?;
    let mut items = target.take_items("refinement")?.into_iter();
    target.finish()?;
    let (Some((at, json)), None) = (items.next(), items.next()) else {
        return Err(form.unknown_refusal(
            "a prohibition of a part has exactly one refinement: its rows, or its columns",
        ));
    };
    let term = read_constraint(form, json, at, OdrlPosition::Target)?;
    match term {
        Term::Rows(filter) => Ok(ProhibitedPart::Rows(filter)),
        Term::Columns(list) => Ok(ProhibitedPart::Columns(list)),
        other => Err(cant_carry(form, &other, "the target of a prohibition")),
    }
}

/// Reads a constraint inside a prohibition. Its number is not one of a clause, so errors cite the clause of the prohibition.
fn read_constraint(
    form: &OdrlReader<'_>,
    json: Json,
    at: String,
    position: OdrlPosition,
) -> Result<Term, Refusal> {
    let clause = form.members.codes().clause;
    read_clause(json, at, position, form.assigner)
        .map(|clause| clause.term)
        .map_err(|mut refusal| {
            refusal.clause = clause;
            refusal
        })
}

fn cant_carry(form: &OdrlReader<'_>, term: &Term, who: &str) -> Refusal {
    form.unknown_refusal(format!(
        "{who} can't carry `{}` here: {}",
        term.spec().operand,
        term.to_english()
    ))
}
