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

const fn entry(spec: &'static TermSpec, read: FormReader) -> VocabularyEntry {
    VocabularyEntry { spec, read }
}

/// All terms of this program version, in the order of their numbers.
pub static VOCABULARY: &[VocabularyEntry] = &[
    entry(&group::MEMBER, |form| group::read(form).map(Term::Group)),
    entry(&sector::SECTOR, |form| sector::read(form).map(Term::Sector)),
    entry(&purpose_terms::ONE_OF, |form| {
        purpose_terms::read(form).map(Term::Purpose)
    }),
    entry(&purpose_terms::NONE_OF, |form| {
        purpose_terms::read(form).map(Term::PurposeNot)
    }),
    entry(&window::FROM, |form| {
        form.instant("rightOperand").map(Term::NotBefore)
    }),
    entry(&window::UNTIL, |form| {
        form.instant("rightOperand").map(Term::NotAfter)
    }),
    entry(&relative_window::LASTS, |form| {
        relative_window::read(form).map(Term::Lasts)
    }),
    entry(&hours::HOURS, |form| hours::read(form).map(Term::Hours)),
    entry(&row_filter_term::WHERE, |form| {
        row_filter_term::read(form).map(Term::Rows)
    }),
    entry(&columns::ONLY, |form| {
        columns::read(form).map(Term::Columns)
    }),
    entry(&pseudonym::PSEUDONYM, form_choice::read_masking_term),
    entry(&mask::MASKED, form_choice::read_masking_term),
    entry(&prefix::PREFIX, form_choice::read_masking_term),
    entry(&band::BAND, form_choice::read_masking_term),
    entry(&lookup::LOOKUP, form_choice::read_masking_term),
    entry(&time_bucket::FLOORED, form_choice::time_bucket),
    entry(&area::INSIDE, form_choice::area),
    entry(&published_area::WITHIN, form_choice::area),
    entry(&place_cells::PLACE_CELLS, |form| {
        place_cells::read(form).map(Term::PlaceCells)
    }),
    entry(&aggregate_terms::FUNCTIONS, |form| {
        aggregate_terms::read_functions(form).map(Term::Functions)
    }),
    entry(&aggregate_terms::DIMENSIONS, |form| {
        form.texts("rightOperand").map(Term::Dimensions)
    }),
    entry(&aggregate_terms::MEASURES, |form| {
        form.texts("rightOperand").map(Term::Measures)
    }),
    entry(&min_group::AT_LEAST, form_choice::min_group),
    entry(&dominance::DOMINANCE_P, |form| {
        dominance::read_p(form).map(Term::Dominance)
    }),
    entry(&dominance::DOMINANCE_NK, |form| {
        dominance::read_nk(form).map(Term::Dominance)
    }),
    entry(&secondary_suppression::TOTALS, form_choice::secondary),
    entry(&secondary_suppression::COMPLEMENT, form_choice::secondary),
    entry(&secondary_suppression::ROUNDED, form_choice::secondary),
    entry(&aggregate_terms::GRID, |form| {
        form.iri("rightOperand").map(Term::Grid)
    }),
    entry(&release::RELEASE, |form| {
        release::read(form).map(Term::Release)
    }),
    entry(&privacy_budget::BUDGET, |form| {
        privacy_budget::read(form).map(Term::Budget)
    }),
    entry(&joins::KEYS, |form| {
        form.texts("rightOperand").map(Term::JoinKeys)
    }),
    entry(&joins::WITH, |form| {
        joins::read_with(form).map(Term::JoinWith)
    }),
    entry(&joins::STAY, |form| {
        joins::read_stay(form).map(|()| Term::KeysStay)
    }),
    entry(&key_transfer::TRAVEL, |form| {
        key_transfer::read(form).map(Term::KeysTravel)
    }),
    entry(&quota::QUERIES, |form| quota::read(form).map(Term::Queries)),
    entry(&quota::ROWS, |form| quota::read(form).map(Term::RowQuota)),
    entry(&quota::BYTES, |form| quota::read(form).map(Term::ByteQuota)),
    entry(&throughput::RATE, |form| {
        form.number("rightOperand").map(Term::RowsPerSecond)
    }),
    entry(&throughput::AT_ONCE, |form| {
        form.number("rightOperand").map(Term::Concurrent)
    }),
    entry(&quota::RESULT_ROWS, |form| {
        form.number("rightOperand").map(Term::ResultRows)
    }),
    entry(&embargo::EMBARGO, |form| {
        embargo::read(form).map(Term::Embargo)
    }),
    entry(&delivery::NETWORKS, |form| {
        form.texts("rightOperand").map(Term::Networks)
    }),
    entry(&region::REGION, |form| region::read(form).map(Term::Region)),
    entry(&delivery::FORMATS_ALLOWED, |form| {
        delivery::read_formats(form).map(Term::Formats)
    }),
    entry(&duty::DELETE, |form| {
        form.read_deadline().map(|days| Term::DeleteAfter { days })
    }),
    entry(&attestation::ATTEST, |form| {
        form.read_deadline().map(|days| Term::Attest { days })
    }),
    entry(&duty::ATTRIBUTE, |form| {
        duty::read_attribute(form).map(Term::Attribution)
    }),
    entry(&duty::DISTRIBUTE, |_| {
        Ok(Term::Prohibit(ForbiddenUse::Distribute))
    }),
    entry(&duty::SELL, |_| Ok(Term::Prohibit(ForbiddenUse::Sell))),
    entry(&duty::DERIVE, |_| Ok(Term::Prohibit(ForbiddenUse::Derive))),
    entry(&prohibition::USE, |form| {
        prohibition(form, ProhibitedAction::Use)
    }),
    entry(&prohibition::QUERY, |form| {
        prohibition(form, ProhibitedAction::Query)
    }),
    entry(&prohibition::AGGREGATE, |form| {
        prohibition(form, ProhibitedAction::Aggregate)
    }),
    entry(&exclusivity::EXCLUSIVE, |form| {
        exclusivity::read(form).map(|()| Term::Exclusive)
    }),
    entry(&service_level::SERVICE, |form| {
        service_level::read(form).map(Term::Service)
    }),
    entry(&price::PRICE, |form| price::read(form).map(Term::Price)),
    entry(&price::PREPAID, |form| price::read(form).map(Term::Price)),
    entry(&inform::TELL, form_choice::inform),
    entry(&inform::NOTIFY, form_choice::inform),
    entry(&legal_basis::BASIS, |form| {
        legal_basis::read(form).map(Term::LegalBasis)
    }),
    entry(&consent::CONSENT, |form| {
        form.when("h:always").map(|()| Term::ObtainConsent)
    }),
    entry(&receipts::RECEIPTS, |form| {
        form.number("rightOperand").map(Term::Receipts)
    }),
    entry(&one_sided_receipts::ONE_SIDED_RECEIPTS, |form| {
        one_sided_receipts::read(form).map(|()| Term::OneSidedReceipts)
    }),
    entry(&open_data::OPEN_DATA, |form| {
        open_data::read(form).map(|()| Term::OpenData)
    }),
    entry(&schema_version::VERSION, |form| {
        schema_version::read(form).map(Term::Version)
    }),
];

/// ODRL form of a clause with its number.
#[must_use]
pub fn write(clause: &Clause, script: &mut OdrlWriter<'_>) -> Json {
    let json = clause.term.with(|rule| odrl::write_form(rule, script));
    odrl::with_clause_id(json, clause.id)
}

/// Reads the clause at place `at` in a policy of `assigner`.
///
/// # Errors
/// `TERM_UNKNOWN` for an operand, operator, value or member that is unknown or belongs to another place; `TERM_ILL_TYPED` for a
/// value of another type. Both name the clause.
pub fn read(
    json: Json,
    at: String,
    position: OdrlPosition,
    assigner: &ParticipantId,
) -> Result<Clause, Refusal> {
    let mut members = StrictObjectReader::of(json, at, ReaderErrorCodes::POLICY)?;
    let id: ClauseId = members.parse_text("uid")?;
    members.set_codes(members.codes().within(id));
    let (entry, operator) = match position {
        OdrlPosition::Permission | OdrlPosition::Target | OdrlPosition::Action => {
            constraint(&mut members, position)?
        }
        OdrlPosition::Duty => (act(&mut members, position, "duty")?, String::new()),
        OdrlPosition::Prohibition => (
            act(&mut members, position, "prohibited action")?,
            String::new(),
        ),
        OdrlPosition::Obligation => (act(&mut members, position, "obligation")?, String::new()),
    };
    let term = (entry.read)(&mut OdrlReader {
        members: &mut members,
        operator: &operator,
        assigner,
    })?;
    members.finish()?;
    Ok(Clause { id, term })
}

fn constraint(
    members: &mut StrictObjectReader,
    position: OdrlPosition,
) -> Result<(&'static VocabularyEntry, String), Refusal> {
    let left = members.text("leftOperand")?;
    let known = || VOCABULARY.iter().filter(|entry| entry.spec.operand == left);
    let Some(own) = known().map(|entry| entry.spec.position).next() else {
        return Err(members
            .codes()
            .unknown(format!("the operand `{left}` is not known")));
    };
    if known().all(|entry| entry.spec.position != position) {
        return Err(members.codes().unknown(format!(
            "the operand `{left}` stands in {position}, where it is not executed; its place is {own}"
        )));
    }
    let operator = members.text("operator")?;
    let found = known()
        .filter(|entry| entry.spec.position == position)
        .find(|entry| entry.spec.operators.contains(&operator.as_str()));
    match found {
        Some(entry) => Ok((entry, operator)),
        None => Err(members.codes().unknown(format!(
            "the operator `{operator}` is not known for the operand `{left}`"
        ))),
    }
}

fn act(
    members: &mut StrictObjectReader,
    position: OdrlPosition,
    what: &str,
) -> Result<&'static VocabularyEntry, Refusal> {
    let action = members.text("action")?;
    VOCABULARY
        .iter()
        .find(|entry| entry.spec.position == position && entry.spec.operand == action)
        .ok_or_else(|| {
            members
                .codes()
                .unknown(format!("the {what} `{action}` is not known"))
        })
}

fn prohibition(form: &mut OdrlReader<'_>, act: ProhibitedAction) -> Result<Term, Refusal> {
    let mut when = ProhibitionCondition::ALWAYS;
    for (at, json) in form.members.items("constraint")? {
        let term = inner(form, json, at, OdrlPosition::Permission)?;
        take(&mut when, term).map_err(|term| cant_carry(form, &term, "a prohibition"))?;
    }
    let part = if form.members.has("target") {
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
fn take(when: &mut ProhibitionCondition, term: Term) -> Result<(), Term> {
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
    let mut target = form.members.object("target")?;
    target.exactly_text("@type", "AssetCollection")?;
    let _: DatasetId = target.parse_text("source")?;
    let mut items = target.items("refinement")?.into_iter();
    target.finish()?;
    let (Some((at, json)), None) = (items.next(), items.next()) else {
        return Err(form.unknown(
            "a prohibition of a part has exactly one refinement: its rows, or its columns",
        ));
    };
    let term = inner(form, json, at, OdrlPosition::Target)?;
    match term {
        Term::Rows(filter) => Ok(ProhibitedPart::Rows(filter)),
        Term::Columns(list) => Ok(ProhibitedPart::Columns(list)),
        other => Err(cant_carry(form, &other, "the target of a prohibition")),
    }
}

/// Reads a constraint inside a prohibition. Its number is not one of a clause, so errors cite the clause of the prohibition.
fn inner(
    form: &OdrlReader<'_>,
    json: Json,
    at: String,
    position: OdrlPosition,
) -> Result<Term, Refusal> {
    let clause = form.members.codes().clause;
    read(json, at, position, form.assigner)
        .map(|clause| clause.term)
        .map_err(|mut refusal| {
            refusal.clause = clause;
            refusal
        })
}

fn cant_carry(form: &OdrlReader<'_>, term: &Term, who: &str) -> Refusal {
    form.unknown(format!(
        "{who} can't carry `{}` here: {}",
        term.spec().operand,
        term.plain()
    ))
}
