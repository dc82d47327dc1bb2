//! The whole vocabulary: every term in one list, to be read from ODRL and shown in tables.

#[cfg(test)]
use super::rule::Stage;
use super::rule::{Form, Place, Script, Spec};
use super::{
    Clause, aggregate, area, attest, band, budget, columns, consent, delivery, dominance, duty,
    embargo, exclusive, group, hours, inform, joins, lasts, legal_basis, lookup, mask, min_group,
    odrl, place_cells, prefix, price, prohibition, pseudonym, published_area, purpose, quota,
    receipts, region, release, rows, sector, service, streams, time_bucket, travel, version,
    window,
};
use crate::id::{ClauseId, DatasetId, ParticipantId};
use crate::members::{Codes, Members};
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;

/// Every term that this version knows, in the order of their numbers.
pub static VOCABULARY: &[&Spec] = &[
    &group::MEMBER,
    &sector::SECTOR,
    &purpose::clause::ONE_OF,
    &purpose::clause::NONE_OF,
    &window::FROM,
    &window::UNTIL,
    &lasts::LASTS,
    &hours::HOURS,
    &rows::WHERE,
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
    &aggregate::clause::FUNCTIONS,
    &aggregate::clause::DIMENSIONS,
    &aggregate::clause::MEASURES,
    &min_group::AT_LEAST,
    &dominance::DOMINANCE_P,
    &dominance::DOMINANCE_NK,
    &aggregate::secondary::TOTALS,
    &aggregate::secondary::COMPLEMENT,
    &aggregate::secondary::ROUNDED,
    &aggregate::clause::GRID,
    &release::RELEASE,
    &budget::BUDGET,
    &joins::KEYS,
    &joins::WITH,
    &joins::STAY,
    &travel::TRAVEL,
    &quota::QUERIES,
    &quota::ROWS,
    &quota::BYTES,
    &streams::RATE,
    &streams::AT_ONCE,
    &quota::RESULT_ROWS,
    &embargo::EMBARGO,
    &delivery::NETWORKS,
    &region::REGION,
    &delivery::FORMATS_ALLOWED,
    &duty::DELETE,
    &attest::ATTEST,
    &duty::ATTRIBUTE,
    &duty::DISTRIBUTE,
    &duty::SELL,
    &duty::DERIVE,
    &prohibition::USE,
    &prohibition::QUERY,
    &prohibition::AGGREGATE,
    &exclusive::EXCLUSIVE,
    &service::SERVICE,
    &price::PRICE,
    &price::PREPAID,
    &inform::TELL,
    &inform::NOTIFY,
    &legal_basis::BASIS,
    &consent::CONSENT,
    &receipts::RECEIPTS,
    &version::VERSION,
];

/// The clause as it stands in its place, with its number.
#[must_use]
pub fn write(clause: &Clause, script: &mut Script<'_>) -> Json {
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
    place: Place,
    assigner: &ParticipantId,
) -> Result<Clause, Refusal> {
    let mut members = Members::of(json, at, Codes::POLICY)?;
    let id: ClauseId = members.parsed("uid")?;
    members.within(id);
    let (spec, operator) = match place {
        Place::Permission | Place::Target | Place::Action => constraint(&mut members, place)?,
        Place::Duty => (act(&mut members, place, "duty")?, String::new()),
        Place::Prohibition => (
            act(&mut members, place, "prohibited action")?,
            String::new(),
        ),
        Place::Obligation => (act(&mut members, place, "obligation")?, String::new()),
    };
    let term = (spec.read)(&mut Form {
        members: &mut members,
        operator: &operator,
        assigner,
    })?;
    members.finish()?;
    Ok(Clause { id, term })
}

fn constraint(members: &mut Members, place: Place) -> Result<(&'static Spec, String), Refusal> {
    let left = members.text("leftOperand")?;
    let known = || VOCABULARY.iter().filter(|spec| spec.operand == left);
    let Some(own) = known().map(|spec| spec.place).next() else {
        return Err(members
            .codes()
            .unknown(format!("the operand `{left}` is not known")));
    };
    if known().all(|spec| spec.place != place) {
        return Err(members.codes().unknown(format!(
            "the operand `{left}` stands in {place}, where it is not executed; its place is {own}"
        )));
    }
    let operator = members.text("operator")?;
    let found = known()
        .filter(|spec| spec.place == place)
        .find(|spec| spec.operators.contains(&operator.as_str()));
    match found {
        Some(spec) => Ok((spec, operator)),
        None => Err(members.codes().unknown(format!(
            "the operator `{operator}` is not known for the operand `{left}`"
        ))),
    }
}

fn act(members: &mut Members, place: Place, what: &str) -> Result<&'static Spec, Refusal> {
    let action = members.text("action")?;
    VOCABULARY
        .iter()
        .find(|spec| spec.place == place && spec.operand == action)
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
            spec.place,
            spec.operand,
            stages.join(", "),
            if codes.is_empty() {
                "–".to_owned()
            } else {
                codes.join(" ")
            },
            spec.mend,
            spec.test,
        ));
    }
    rows.push(String::new());
    rows.join("\n")
}

/// The form of the first sample of a term, in one line.
fn example(spec: &'static Spec) -> Option<String> {
    let dataset: DatasetId = "hansa://munster.example/d/bike_counts".parse().ok()?;
    let term = super::Term::samples()
        .into_iter()
        .find(|term| std::ptr::eq(term.spec(), spec))?;
    let clause = Clause {
        id: ClauseId(2),
        term,
    };
    let script = &mut Script::new(&dataset.owner, &dataset, std::slice::from_ref(&clause));
    let json = write(&clause, script);
    let text = String::from_utf8(hansa_audit_log::json::canonical(&json)).ok()?;
    // A bar would end the cell of the table.
    Some(text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Term;
    use crate::term::tongue::Tongue;
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
            assert!(!spec.mend.is_empty() && !spec.executed.is_empty());
            assert!(
                !spec.codes.is_empty() || !spec.executed.contains(&Stage::Admission),
                "{} refuses without a code",
                spec.name
            );
            for term in of {
                let said: BTreeSet<String> =
                    Tongue::ALL.iter().map(|tongue| term.say(*tongue)).collect();
                assert_eq!(said.len(), Tongue::ALL.len(), "{said:?}");
            }
            let whole = format!("{} {} {:?}", spec.place, spec.operand, spec.name);
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
                let related = one.treats().is_some() && other.treats().is_some();
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
