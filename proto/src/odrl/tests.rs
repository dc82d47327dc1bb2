//! Every clause has one form.

mod refusal_cases;

use super::*;
use crate::samples;
use hansa_audit_log::json::to_canonical_bytes;
use hansa_policy::term::Term;

fn policy(clauses: Vec<Clause>) -> OdrlPolicy {
    OdrlPolicy {
        uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
        assigner: "munster.example".parse().unwrap(),
        assignee: OdrlAssignee::Participant("firma.example".parse().unwrap()),
        dataset: "hansa://munster.example/d/bike_counts".parse().unwrap(),
        clauses,
    }
}

fn text(json: &Json) -> String {
    String::from_utf8(to_canonical_bytes(json)).unwrap()
}

fn read(text: &str) -> Result<OdrlPolicy, Refusal> {
    from_json(
        hansa_audit_log::json::parse_json(text.as_bytes(), crate::strict_json::LIMITS).unwrap(),
    )
}

/// The policy of all samples with one piece of its text exchanged; `within` finds the clause that the refusal names.
#[track_caller]
fn check(from: &str, to: &str, code: ErrorCode, within: Option<fn(&Term) -> bool>) {
    let clauses = samples::sample_clauses();
    let good = text(&to_json(&policy(clauses.clone())));
    assert!(good.contains(from), "no {from} in {good}");
    let refusal = read(&good.replacen(from, to, 1)).expect_err(to);
    assert_eq!(refusal.code, code, "{refusal}");
    match (within, refusal.clause) {
        (None, None) => {}
        (Some(within), Some(cited)) => {
            let clause = clauses.iter().find(|clause| clause.id == cited).unwrap();
            assert!(within(&clause.term), "{refusal}");
        }
        (_, cited) => panic!("{refusal}: {cited:?}"),
    }
}

/// The number of the first sample of a kind, as text.
fn number(of: fn(&Term) -> bool) -> u32 {
    samples::sample_clauses()
        .into_iter()
        .find(|clause| of(&clause.term))
        .unwrap()
        .id
        .0
}

#[test]
fn every_term_survives_the_round_trip() {
    for term in Term::samples() {
        let whole = policy(vec![Clause {
            id: ClauseId(7),
            term,
        }]);
        assert_eq!(from_json(to_json(&whole)).as_ref(), Ok(&whole));
    }
    for assignee in [
        OdrlAssignee::Participant("firma.example".parse().unwrap()),
        OdrlAssignee::Public,
        OdrlAssignee::Open,
    ] {
        let whole = OdrlPolicy {
            assignee,
            ..policy(samples::sample_clauses())
        };
        assert_eq!(from_json(to_json(&whole)).as_ref(), Ok(&whole));
    }
    let nothing = policy(Vec::new());
    assert_eq!(from_json(to_json(&nothing)), Ok(nothing));
}

#[test]
fn the_shape_is_the_documented_one() {
    let clause = |number, term| Clause {
        id: ClauseId(number),
        term,
    };
    let whole = policy(vec![
        clause(2, Term::Purpose(vec!["mobility-research".parse().unwrap()])),
        clause(3, Term::Columns(vec!["site".parse().unwrap()])),
        clause(
            4,
            Term::Functions(vec![hansa_policy::value::cube::CubeFunction::Sum]),
        ),
        clause(5, Term::DeleteAfter { days: 30 }),
        clause(
            6,
            Term::Prohibit(hansa_policy::term::duty::ForbiddenUse::Sell),
        ),
    ]);
    let expect = concat!(
        r##"{"@context":["http://www.w3.org/ns/odrl.jsonld","urn:hansa:odrl:1"],"@type":"Agreement","##,
        r##""assignee":"hansa://firma.example","assigner":"hansa://munster.example","conflict":"prohibit","##,
        r##""permission":[{"action":[{"rdf:value":{"@id":"odrl:aggregate"},"refinement":[{"leftOperand":"h:function","##,
        r##""operator":"isAnyOf","rightOperand":[{"@id":"h:sum"}],"uid":"#c4"}]}],"constraint":[{"leftOperand":"purpose","##,
        r##""operator":"isA","rightOperand":{"@id":"hansa://munster.example/purpose/mobility-research"},"uid":"#c2"}],"##,
        r##""duty":[{"action":"delete","constraint":[{"leftOperand":"delayPeriod","operator":"lteq","##,
        r##""rightOperand":{"@type":"xsd:duration","@value":"P30D"},"uid":"#c7"}],"h:when":"h:within","uid":"#c5"}],"##,
        r##""target":{"@type":"AssetCollection","refinement":[{"leftOperand":"h:columns","operator":"isAnyOf","##,
        r##""rightOperand":["site"],"uid":"#c3"}],"source":"hansa://munster.example/d/bike_counts"},"uid":"#c1"}],"##,
        r##""profile":"urn:hansa:odrl:1","prohibition":[{"action":"sell","uid":"#c6"}],"##,
        r##""uid":"urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77"}"##
    );
    assert_eq!(text(&to_json(&whole)), expect);
}

#[test]
fn what_is_unknown_or_spoilt_anywhere_is_refused() {
    let good = to_json(&policy(samples::sample_clauses()));
    let mut tried = 0;
    for (place, json) in samples::spoilt_documents(&good) {
        // Another text where any text is right is another policy, not a spoilt one.
        if let Ok(read) = from_json(json.clone()) {
            assert_ne!(to_json(&read), good, "{place}");
            assert_eq!(to_json(&read), json, "{place}");
            assert!(place.contains('-'), "{place} was accepted");
            continue;
        }
        tried += 1;
    }
    assert!(tried > 500, "{tried}");
    for (place, json) in samples::spoilt_documents(&good) {
        if place.ends_with("+zzz") {
            let refusal = from_json(json).expect_err(&place);
            assert_eq!(refusal.code, ErrorCode::TermUnknown, "{place}: {refusal}");
        }
    }
}

#[test]
fn each_fault_has_its_code() {
    use ErrorCode::{ContractMalformed, TermIllTyped, TermUnknown};
    let context = r##""urn:hansa:odrl:1"],"##;
    check(context, r##""urn:other"],"##, TermUnknown, None);
    let further = r##""urn:hansa:odrl:1","urn:other"],"##;
    check(context, further, TermUnknown, None);
    check(r##""prohibit""##, r##""perm""##, TermUnknown, None);
    check("Agreement", "Set", TermUnknown, None);
    check("Agreement", "Offer", TermUnknown, None);
    // Foreign text in a fault does not choose the code.
    check(
        r##""assigner":"hansa://munster.example""##,
        r##""assigner":"unknown variant""##,
        TermIllTyped,
        None,
    );
    check("odrl:aggregate", "odrl:sell", TermUnknown, None);
    check("odrl:aggregate", "h:query", ContractMalformed, None);
    let number = number(|term| matches!(term, Term::Dimensions(_)));
    let uid = |text: String| format!(r##""uid":"#c{text}""##);
    let good = uid(number.to_string());
    check(&good, &uid(format!("0{number}")), TermIllTyped, None);
    check(
        &good,
        &uid((number + 1).to_string()),
        ContractMalformed,
        None,
    );
    check(
        r##""@value":"10""##,
        r##""@value":"010""##,
        ContractMalformed,
        None,
    );
}

#[test]
fn each_fault_of_a_clause_names_the_clause() {
    use ErrorCode::{TermIllTyped, TermUnknown};
    let functions: fn(&Term) -> bool = |term| matches!(term, Term::Functions(_));
    let group: fn(&Term) -> bool = |term| matches!(term, Term::MinGroup { .. });
    let rows: fn(&Term) -> bool = |term| matches!(term, Term::Rows(_));
    let area: fn(&Term) -> bool = |term| matches!(term, Term::Area { .. });
    let totals: fn(&Term) -> bool = |term| matches!(term, Term::TotalsFromPublished);
    let from: fn(&Term) -> bool = |term| matches!(term, Term::NotBefore(_));
    let purpose: fn(&Term) -> bool = |term| matches!(term, Term::Purpose(_));
    let named: fn(&Term) -> bool = |term| matches!(term, Term::Attribution(_));
    let forbidden: fn(&Term) -> bool = |term| matches!(term, Term::Prohibit(_));
    check(
        r##""h:rowFilter""##,
        r##""h:filter""##,
        TermUnknown,
        Some(rows),
    );
    check(
        "site = {{consumer}}",
        "site ~ {{consumer}}",
        TermIllTyped,
        Some(rows),
    );
    check(r##""gteq""##, r##""eq""##, TermUnknown, Some(group));
    check(
        r##""@value":"10""##,
        r##""@value":"ten""##,
        TermIllTyped,
        Some(group),
    );
    check(
        "h:fromPublishedOnly",
        "h:somethingElse",
        TermUnknown,
        Some(totals),
    );
    check("h:sum", "h:median", TermUnknown, Some(functions));
    check("h:avg", "h:sum", TermIllTyped, Some(functions));
    check(
        r##""gteq","rightOperand":{"@type":"xsd:dateTime""##,
        r##""gteq","rightOperand":{"@type":"xsd:date""##,
        TermIllTyped,
        Some(from),
    );
    check("7.75,52]", "7.25,52]", TermIllTyped, Some(area));
    check("7.75,52]", "7.75,NaN]", TermIllTyped, Some(area));
    check(
        r##""distribute""##,
        r##""read""##,
        TermUnknown,
        Some(forbidden),
    );
    check(
        r##""attribute""##,
        r##""reward""##,
        TermUnknown,
        Some(named),
    );
    check("h:always", "h:beforeUse", TermUnknown, Some(named));
    let bucket: fn(&Term) -> bool = |term| matches!(term, Term::TimeBucket { .. });
    for zone in ["Europe/Atlantis", "europe/berlin", ""] {
        check("Europe/Berlin", zone, TermIllTyped, Some(bucket));
    }
    let own = "hansa://munster.example/purpose/";
    check(
        own,
        "hansa://firma.example/purpose/",
        TermUnknown,
        Some(purpose),
    );
}

/// Term 2: whoever could name the list of somebody else could let in whom the provider does not know.
#[test]
fn a_group_of_another_participant_is_refused_by_its_clause() {
    let own = "hansa://munster.example/g/";
    let is_group: fn(&Term) -> bool = |term| matches!(term, Term::Group(_));
    for other in [
        // The consumer's own, somebody else's, and those of names that begin or end alike.
        "hansa://firma.example/g/",
        "hansa://ottawa.example/g/",
        "hansa://munster.example.org/g/",
        "hansa://munster.example/unit/g/",
        "hansa://munster.example/d/",
        "hansa://munster.example/",
        "munster.example/g/",
        "",
    ] {
        check(own, other, ErrorCode::TermUnknown, Some(is_group));
    }
    let good = text(&to_json(&policy(samples::sample_clauses())));
    let refusal = read(&good.replacen(own, "hansa://firma.example/g/", 1)).unwrap_err();
    for word in [
        "hansa://firma.example/g/",
        "no group of the provider",
        "hansa://munster.example/g/",
    ] {
        assert!(refusal.sentence.contains(word), "{refusal}");
    }
}

#[test]
fn a_term_in_another_place_than_its_own_is_refused() {
    let whole = to_json(&policy(samples::sample_clauses()));
    let Json::Object(members) = &whole else {
        panic!()
    };
    let Json::List(permissions) = &members["permission"] else {
        panic!()
    };
    let Json::Object(permission) = &permissions[0] else {
        panic!()
    };
    let Json::List(constraints) = &permission["constraint"] else {
        panic!()
    };
    let Json::Object(target) = &permission["target"] else {
        panic!()
    };
    let Json::List(refinements) = &target["refinement"] else {
        panic!()
    };
    let mut target = target.clone();
    let mut moved = refinements.clone();
    moved.push(constraints[0].clone());
    target.insert("refinement".to_owned(), Json::List(moved));
    let mut permission = permission.clone();
    permission.insert("target".to_owned(), Json::Object(target));
    permission.insert(
        "constraint".to_owned(),
        Json::List(constraints[1..].to_vec()),
    );
    let mut members = members.clone();
    members.insert(
        "permission".to_owned(),
        Json::List(vec![Json::Object(permission)]),
    );
    let refusal = from_json(Json::Object(members)).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TermUnknown);
    assert_eq!(refusal.clause, Some(ClauseId(2)));
    assert!(refusal.sentence.contains("target.refinement"), "{refusal}");
    assert!(
        refusal.sentence.contains("permission.constraint"),
        "{refusal}"
    );
}

/// A duty says when it counts, in the one way in which it is executed: before use, within a time, or always. One that does
/// not say it, or says what nobody executes, can't be signed.
#[test]
fn every_duty_says_when_and_no_other_when_is_read() {
    const WHENS: [&str; 4] = ["h:beforeUse", "h:within", "h:always", "h:sometime"];
    let mut met = std::collections::BTreeSet::new();
    for term in Term::samples() {
        if term.spec().position != OdrlPosition::Duty {
            continue;
        }
        let id = ClauseId(7);
        let good = text(&to_json(&policy(vec![Clause { id, term }])));
        let said = WHENS
            .iter()
            .find(|when| good.contains(&format!("\"h:when\":\"{when}\"")));
        let own = *said.unwrap_or_else(|| panic!("{good}"));
        met.insert(own);
        let member = format!("\"h:when\":\"{own}\"");
        for other in WHENS.into_iter().filter(|when| *when != own) {
            let bad = good.replacen(&member, &format!("\"h:when\":\"{other}\""), 1);
            let refusal = read(&bad).expect_err(&bad);
            assert_eq!(refusal.clause, Some(ClauseId(7)), "{refusal}");
        }
        let without = good.replacen(&format!("{member},"), "", 1);
        assert_ne!(without, good);
        assert!(read(&without).is_err(), "{without}");
    }
    assert_eq!(
        met.into_iter().collect::<Vec<_>>(),
        ["h:always", "h:beforeUse", "h:within"]
    );
}

#[test]
fn clauses_stand_in_the_order_of_their_numbers() {
    let mut whole = policy(samples::sample_clauses());
    whole.clauses.reverse();
    let sorted = policy(samples::sample_clauses());
    assert_eq!(to_json(&whole), to_json(&sorted));
    let good = text(&to_json(&sorted));
    let [one, two] = [
        number(|term| matches!(term, Term::Dimensions(_))),
        number(|term| matches!(term, Term::Measures(_))),
    ]
    .map(|number| format!(r##""uid":"#c{number}""##));
    // Numbers exchanged between two clauses of one place: the same terms, but not in order.
    let turned = good
        .replace(&one, "spare")
        .replace(&two, &one)
        .replace("spare", &two);
    assert_eq!(
        read(&turned).unwrap_err().code,
        ErrorCode::ContractMalformed
    );
}

// What a reference connector in Java does with ODRL, and what must not happen here.

/// Both parties read the same days: a zone is named where there are days, is known, and stands nowhere else.
#[test]
fn days_of_a_quota_name_a_zone_that_is_known() {
    use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};
    let zone = "Europe/Berlin".parse().unwrap();
    let count = QuotaDays::One;
    let clause = Clause {
        id: hansa_policy::id::ClauseId(2),
        term: Term::RowQuota(PeriodQuota {
            max: 10,
            per: QuotaPeriod::Days { count, zone },
        }),
    };
    let good = text(&to_json(&policy(vec![clause])));
    assert!(read(&good).is_ok());
    let named = r#""h:zone":"Europe/Berlin","#;
    for (from, to) in [
        (named, ""),
        (named, r#""h:zone":null,"#),
        (named, r#""h:zone":"Nowhere","#),
        (named, r#""h:zone":"europe/berlin","#),
        ("P1D", "PT1H"),
    ] {
        assert!(good.contains(from), "{good}");
        let refusal = read(&good.replacen(from, to, 1)).expect_err(to);
        assert!(refusal.clause.is_some(), "{to}: {refusal}");
        let codes = [ErrorCode::TermIllTyped, ErrorCode::TermUnknown];
        assert!(codes.contains(&refusal.code), "{to}: {refusal}");
    }
}
