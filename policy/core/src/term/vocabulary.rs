//! The whole vocabulary: every term in one list, to be read from ODRL and shown in tables.

#[cfg(test)]
use super::rule::EnforcementPoint;
use super::rule::{OdrlPosition, OdrlReader, OdrlWriter, TermSpec};
use super::{
    Clause, aggregate, area, attestation, band, columns, consent, delivery, dominance, duty,
    embargo, exclusivity, group, hours, inform, joins, key_transfer, legal_basis, lookup, mask,
    min_group, odrl, place_cells, prefix, price, privacy_budget, prohibition, pseudonym,
    published_area, purpose, quota, receipts, region, relative_window, release, row_filter_term,
    schema_version, sector, service_level, throughput, time_bucket, window,
};
use crate::id::{ClauseId, DatasetId, ParticipantId};
use crate::refusal::Refusal;
use crate::strict_object::{ReaderErrorCodes, StrictObjectReader};
use hansa_audit_log::json::Json;

/// Every term that this version knows, in the order of their numbers.
pub static VOCABULARY: &[&TermSpec] = &[
    &group::MEMBER,
    &sector::SECTOR,
    &purpose::purpose_terms::ONE_OF,
    &purpose::purpose_terms::NONE_OF,
    &window::FROM,
    &window::UNTIL,
    &relative_window::LASTS,
    &hours::HOURS,
    &row_filter_term::WHERE,
    &columns::ONLY,
    &pseudonym::PSEUDONYM,
    &mask::MASKED,
    &prefix::PREFIX,
    &band::BAND,
    &lookup::LOOKUP,
    &time_bucket::FLOORED,
    &area::INSIDE,
    &published_area::WITHIN,
    &place_cells::PLACE_CELLS,
    &aggregate::aggregate_terms::FUNCTIONS,
    &aggregate::aggregate_terms::DIMENSIONS,
    &aggregate::aggregate_terms::MEASURES,
    &min_group::AT_LEAST,
    &dominance::DOMINANCE_P,
    &dominance::DOMINANCE_NK,
    &aggregate::secondary_suppression::TOTALS,
    &aggregate::secondary_suppression::COMPLEMENT,
    &aggregate::secondary_suppression::ROUNDED,
    &aggregate::aggregate_terms::GRID,
    &release::RELEASE,
    &privacy_budget::BUDGET,
    &joins::KEYS,
    &joins::WITH,
    &joins::STAY,
    &key_transfer::TRAVEL,
    &quota::QUERIES,
    &quota::ROWS,
    &quota::BYTES,
    &throughput::RATE,
    &throughput::AT_ONCE,
    &quota::RESULT_ROWS,
    &embargo::EMBARGO,
    &delivery::NETWORKS,
    &region::REGION,
    &delivery::FORMATS_ALLOWED,
    &duty::DELETE,
    &attestation::ATTEST,
    &duty::ATTRIBUTE,
    &duty::DISTRIBUTE,
    &duty::SELL,
    &duty::DERIVE,
    &prohibition::USE,
    &prohibition::QUERY,
    &prohibition::AGGREGATE,
    &exclusivity::EXCLUSIVE,
    &service_level::SERVICE,
    &price::PRICE,
    &price::PREPAID,
    &inform::TELL,
    &inform::NOTIFY,
    &legal_basis::BASIS,
    &consent::CONSENT,
    &receipts::RECEIPTS,
    &schema_version::VERSION,
];

/// The clause as it stands in its place, with its number.
#[must_use]
pub fn write(clause: &Clause, script: &mut OdrlWriter<'_>) -> Json {
    let json = clause.term.with(|rule| rule.odrl(script));
    odrl::numbered(json, clause.id)
}

/// The clause that stands at `at` in a policy of `assigner`.
///
/// # Errors
/// `TERM_UNKNOWN` for an operand, operator, value or member that is not known, or known in another place; `TERM_ILL_TYPED`
/// for a value of another type. Both name the clause.
pub fn read(
    json: Json,
    at: String,
    place: OdrlPosition,
    assigner: &ParticipantId,
) -> Result<Clause, Refusal> {
    let mut members = StrictObjectReader::of(json, at, ReaderErrorCodes::POLICY)?;
    let id: ClauseId = members.parsed("uid")?;
    members.within(id);
    let (spec, operator) = match place {
        OdrlPosition::Permission | OdrlPosition::Target | OdrlPosition::Action => {
            constraint(&mut members, place)?
        }
        OdrlPosition::Duty => (act(&mut members, place, "duty")?, String::new()),
        OdrlPosition::Prohibition => (
            act(&mut members, place, "prohibited action")?,
            String::new(),
        ),
        OdrlPosition::Obligation => (act(&mut members, place, "obligation")?, String::new()),
    };
    let term = (spec.read)(&mut OdrlReader {
        members: &mut members,
        operator: &operator,
        assigner,
    })?;
    members.finish()?;
    Ok(Clause { id, term })
}

fn constraint(
    members: &mut StrictObjectReader,
    place: OdrlPosition,
) -> Result<(&'static TermSpec, String), Refusal> {
    let left = members.text("leftOperand")?;
    let known = || VOCABULARY.iter().filter(|spec| spec.operand == left);
    let Some(own) = known().map(|spec| spec.position).next() else {
        return Err(members
            .codes()
            .unknown(format!("the operand `{left}` is not known")));
    };
    if known().all(|spec| spec.position != place) {
        return Err(members.codes().unknown(format!(
            "the operand `{left}` stands in {place}, where it is not executed; its place is {own}"
        )));
    }
    let operator = members.text("operator")?;
    let found = known()
        .filter(|spec| spec.position == place)
        .find(|spec| spec.operators.contains(&operator.as_str()));
    match found {
        Some(spec) => Ok((spec, operator)),
        None => Err(members.codes().unknown(format!(
            "the operator `{operator}` is not known for the operand `{left}`"
        ))),
    }
}

fn act(
    members: &mut StrictObjectReader,
    place: OdrlPosition,
    what: &str,
) -> Result<&'static TermSpec, Refusal> {
    let action = members.text("action")?;
    VOCABULARY
        .iter()
        .find(|spec| spec.position == place && spec.operand == action)
        .copied()
        .ok_or_else(|| {
            members
                .codes()
                .unknown(format!("the {what} `{action}` is not known"))
        })
}

/// The vocabulary as a table in Markdown: number, name, ODRL form, where it is executed, code, what helps, test.
#[must_use]
pub fn table() -> String {
    let mut rows = vec![
        "| no. | term | in ODRL | executed | code | what the asker can do, or sees | test |"
            .to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for spec in VOCABULARY {
        let numbers: Vec<String> = spec.numbers.iter().map(ToString::to_string).collect();
        let operators = match spec.operators {
            [] => String::new(),
            several => format!(" {}", several.join(" / ")),
        };
        let stages: Vec<&str> = spec.executed.iter().map(|stage| stage.as_str()).collect();
        let codes: Vec<String> = spec.codes.iter().map(|code| format!("`{code}`")).collect();
        let example = example(spec).map_or_else(String::new, |example| format!("<br>`{example}`"));
        rows.push(format!(
            "| {} | {} | {}: `{}{operators}`{example} | {} | {} | {} | `{}` |",
            numbers.join(", "),
            spec.name,
            spec.position,
            spec.operand,
            stages.join(", "),
            if codes.is_empty() {
                "–".to_owned()
            } else {
                codes.join(" ")
            },
            spec.remedy,
            spec.test,
        ));
    }
    rows.push(String::new());
    rows.join("\n")
}

/// The form of the first sample of a term, in one line.
fn example(spec: &'static TermSpec) -> Option<String> {
    let dataset: DatasetId = "hansa://munster.example/d/bike_counts".parse().ok()?;
    let term = super::Term::samples()
        .into_iter()
        .find(|term| std::ptr::eq(term.spec(), spec))?;
    let clause = Clause {
        id: ClauseId(2),
        term,
    };
    let script = &mut OdrlWriter::new(&dataset.owner, &dataset, std::slice::from_ref(&clause));
    let json = write(&clause, script);
    let text = String::from_utf8(hansa_audit_log::json::canonical(&json)).ok()?;
    // A bar would end the cell of the table.
    Some(text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Term;
    use crate::term::language::Language;
    use std::collections::BTreeSet;

    #[test]
    fn every_term_of_the_list_is_written_said_and_told_apart() {
        let samples = Term::samples();
        let mut keys = BTreeSet::new();
        for spec in VOCABULARY {
            let of: Vec<&Term> = samples
                .iter()
                .filter(|term| std::ptr::eq(term.spec(), *spec))
                .collect();
            assert!(!of.is_empty(), "{} has no sample", spec.name);
            assert!(!spec.remedy.is_empty() && !spec.executed.is_empty());
            assert!(
                !spec.codes.is_empty() || !spec.executed.contains(&EnforcementPoint::Admission),
                "{} refuses without a code",
                spec.name
            );
            for term in of {
                let said: BTreeSet<String> = Language::ALL
                    .iter()
                    .map(|tongue| term.render(*tongue))
                    .collect();
                assert_eq!(said.len(), Language::ALL.len(), "{said:?}");
            }
            let whole = format!("{} {} {:?}", spec.position, spec.operand, spec.name);
            assert!(keys.insert(whole), "{} stands twice", spec.name);
        }
        for term in &samples {
            let listed = VOCABULARY
                .iter()
                .any(|spec| std::ptr::eq(*spec, term.spec()));
            assert!(listed, "{} is not in the list", term.spec().name);
        }
        assert_eq!(table().lines().count(), VOCABULARY.len() + 2);
    }

    #[test]
    fn a_term_compares_with_itself_and_with_no_other_kind() {
        for one in Term::samples() {
            let order = one.compare(&one);
            assert_eq!(order, Some(std::cmp::Ordering::Equal), "{}", one.plain());
            for other in Term::samples() {
                let related = one.column().is_some() && other.column().is_some();
                if !std::ptr::eq(one.spec(), other.spec()) && !related {
                    let order = one.compare(&other);
                    let named = one.spec().name == other.spec().name;
                    assert!(
                        order.is_none() || named,
                        "{} | {}",
                        one.plain(),
                        other.plain()
                    );
                }
                let forth = one.compare(&other);
                let back = other.compare(&one);
                assert_eq!(forth, back.map(std::cmp::Ordering::reverse));
            }
        }
    }
}
