//! Proposals of somebody who keeps to no rule: under false names, for a little more than is offered, and on what is hidden.

use crate::attacks::AttackVerdict;
use crate::attacks::world::SqlAttackFederation;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{Agreement, Assignee};
use hansa_policy::id::ContractId;
use hansa_policy::term::Term;
use hansa_proto::peer::message::MessageContent;
use hansa_proto::peer::pb;

/// Proposes it; says what came of it: a code, or whether the provider has signed.
fn proposed(federation: &SqlAttackFederation, agreement: &Agreement, name: &str) -> String {
    let before = federation.lindau.listed("contract").len();
    let sent = federation.attacker.send_message(MessageContent::Request {
        negotiation: format!("n-{name}"),
        dataset: agreement.dataset.id.clone(),
        offer: None,
        payload: hansa_proto::contract::to_bytes(agreement).into(),
    });
    if let Err(refusal) = sent {
        return refusal.code.to_string();
    }
    let messages = federation.attacker.inbox(0).unwrap_or_default();
    let signed = messages.iter().any(|message| {
        matches!(
            message.message.as_ref().and_then(|message| message.content.as_ref()),
            Some(pb::peer_message::Content::Agreement(agreed)) if agreed.negotiation == format!("n-{name}")
        )
    });
    assert_eq!(
        federation.lindau.listed("contract").len(),
        before.max(before)
    );
    if signed {
        "signed".to_owned()
    } else {
        "waits for a person".to_owned()
    }
}

/// The agreement on `trips_a` as a new proposal.
pub(super) fn fresh(federation: &SqlAttackFederation, number: u8) -> Agreement {
    let mut agreement = federation.agreement("trips_a");
    agreement.uid = format!("urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2b{number:02x}");
    agreement
}

pub(super) fn misnamed(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let honest = proposed(federation, &fresh(federation, 0), "plain");
    if honest != "signed" {
        return Err(format!("the offer itself: {honest}"));
    }
    type Change = fn(&mut Agreement);
    fn assignee(agreement: &mut Agreement) -> &mut hansa_policy::contract::ContractParty {
        match &mut agreement.assignee {
            Assignee::Participant(party) => party,
            Assignee::Public | Assignee::Partner(_) => panic!("one signature alone"),
        }
    }
    let changes: [(&str, Change); 8] = [
        ("its own name", |a| {
            assignee(a).name = "Federal Police".to_owned()
        }),
        ("its legal number", |a| {
            assignee(a).legal_id = Some("DE-1".to_owned())
        }),
        ("its key", |a| {
            assignee(a).signing_key = a.provider.signing_key.clone()
        }),
        ("its authority", |a| {
            assignee(a).tls_issuer = Digest::of(b"mine")
        }),
        ("the provider's name", |a| {
            a.provider.name = "Somebody".to_owned()
        }),
        ("the provider's legal number", |a| {
            a.provider.legal_id = Some("DE-2".to_owned())
        }),
        ("the provider's authority", |a| {
            a.provider.tls_issuer = Digest::of(b"mine")
        }),
        ("the provider's signatory", |a| {
            a.signatory = Some(Digest::of(b"the mayor"))
        }),
    ];
    for (number, (what, change)) in (1..).zip(changes) {
        let mut agreement = fresh(federation, number);
        change(&mut agreement);
        let came = proposed(federation, &agreement, &format!("misnamed-{number}"));
        if came != "CONTRACT_MALFORMED" {
            return Err(format!("{what}: {came}"));
        }
    }
    Ok("8 proposals: CONTRACT_MALFORMED".to_owned())
}

pub(super) fn wider(federation: &mut SqlAttackFederation) -> AttackVerdict {
    type Change = fn(&mut Agreement);
    let day = 86_400_000_000;
    let changes: [(&str, Change); 9] = [
        ("one clause less", |a| {
            a.clauses.retain(|c| !matches!(c.term, Term::Rows(_)))
        }),
        ("a mask less", |a| {
            a.clauses.retain(|c| !matches!(c.term, Term::Mask { .. }))
        }),
        ("a column more", |a| {
            for clause in &mut a.clauses {
                if let Term::Columns(list) = &mut clause.term {
                    list.push("notes".parse().unwrap());
                }
            }
        }),
        ("no purpose", |a| {
            a.clauses.retain(|c| !matches!(c.term, Term::Purpose(_)))
        }),
        ("a day longer", |a| {
            a.not_after = a.not_after.plus_micros(86_400_000_000)
        }),
        ("from earlier on", |a| {
            a.not_before = a.not_before.plus_micros(-86_400_000_000)
        }),
        ("another schema", |a| a.dataset.schema = Digest::of(b"mine")),
        ("another value", |a| a.dataset.high_value = true),
        ("purposes of its own", |a| {
            a.own_purposes = vec![hansa_policy::term::purpose::OwnPurpose {
                name: "anything".parse().unwrap(),
                parent: "dpv:ResearchAndDevelopment".parse().unwrap(),
                text: "whatever".to_owned(),
            }];
        }),
    ];
    let mut came = std::collections::BTreeSet::new();
    for (number, (what, change)) in (0x20..).zip(changes) {
        let mut agreement = fresh(federation, number);
        change(&mut agreement);
        let message = proposed(federation, &agreement, &format!("wider-{number}"));
        if message == "signed" {
            return Err(format!("{what}: signed without a person"));
        }
        came.insert(message);
    }
    // A proposal that replaces a contract of others, and one that is over before it begins.
    let mut replaces = fresh(federation, 0x30);
    replaces.supersedes = Some(ContractId(Digest::of(b"theirs")));
    came.insert(proposed(federation, &replaces, "replaces"));
    let mut over = fresh(federation, 0x31);
    over.not_after = UtcTimestamp::from_micros(over.not_before.micros() - day).unwrap();
    came.insert(proposed(federation, &over, "over"));
    match came.contains("signed") {
        true => Err(format!("{came:?}")),
        false => Ok(format!("11 proposals: {came:?}")),
    }
}

/// Datasets that show the same; one of them hides a column about persons, and rows elsewhere.
pub(in crate::attacks) const TWINS: [(&str, &str); 2] = [
    (
        "twin_a",
        "site,bikes,lon,lat,salary\nHafen,3,9.7,47.5,x\nInsel,-1,36.8,-1.3,y\n",
    ),
    (
        "twin_b",
        "site,bikes,lon,lat\nHafen,3,9.7,47.5\nInsel,-1,9.9,47.6\n",
    ),
];

/// What is shown of either.
pub(in crate::attacks) const TWIN: &str =
    "columns = [\"site\", \"bikes\", \"lon\", \"lat\"]\nrows = \"bikes > 0\"";

/// A twin in the configuration.
pub(in crate::attacks) fn twin(name: &str) -> String {
    let salary = match name {
        "twin_a" => "[[dataset.column]]\nname = \"salary\"\npersonal = true\n",
        _ => "",
    };
    format!(
        "[[dataset]]\nname = \"{name}\"\ntitle = \"Twin\"\nlicence = \"proprietary\"\nzone = \"UTC\"\n\
         [dataset.source]\nkind = \"text\"\npath = \"data/{name}.csv\"\n\
         [[dataset.column]]\nname = \"site\"\n\
         [[dataset.column]]\nname = \"bikes\"\ntype = \"int\"\n\
         [[dataset.column]]\nname = \"lon\"\ntype = \"float\"\ncrs = \"EPSG:4326\"\n\
         [[dataset.column]]\nname = \"lat\"\ntype = \"float\"\ncrs = \"EPSG:4326\"\n{salary}"
    )
}

pub(super) fn hinted(federation: &mut SqlAttackFederation) -> AttackVerdict {
    type Change = fn(&mut Agreement);
    fn add(agreement: &mut Agreement, terms: impl IntoIterator<Item = Term>) {
        for (number, term) in (90..).zip(terms) {
            let id = hansa_policy::id::ClauseId(number);
            agreement
                .clauses
                .push(hansa_policy::term::Clause { id, term });
        }
    }
    fn cells(to: &str, cell: &str) -> Term {
        Term::PlaceCells(hansa_policy::term::place_cells::PlaceCellsTerm {
            lon: "lon".parse().unwrap(),
            lat: "lat".parse().unwrap(),
            cell: cell.parse().unwrap(),
            size: to.parse().unwrap(),
        })
    }
    let changes: [(&str, Change); 9] = [
        ("all columns", |a| {
            a.clauses.retain(|c| !matches!(c.term, Term::Columns(_)))
        }),
        ("a column more", |a| {
            for clause in &mut a.clauses {
                if let Term::Columns(list) = &mut clause.term {
                    list.push("salary".parse().unwrap());
                }
            }
        }),
        ("cells by its name", |a| add(a, [cells("h3:8", "salary")])),
        ("cells of Europe", |a| add(a, [cells("grid:1000", "cell")])),
        ("small cells", |a| add(a, [cells("h3:13", "cell")])),
        ("joins over cells", |a| {
            let keys = Term::JoinKeys(vec!["cell".parse().unwrap()]);
            add(a, [cells("h3:8", "cell"), keys]);
        }),
        ("joins over it", |a| {
            add(a, [Term::JoinKeys(vec!["salary".parse().unwrap()])])
        }),
        ("a mask on it", |a| {
            add(
                a,
                [Term::Mask {
                    column: "salary".parse().unwrap(),
                    mask: hansa_policy::value::column::MaskValue::Null,
                }],
            )
        }),
        ("rows by it", |a| {
            let filter = hansa_policy::row_filter::parse_row_filter("salary = 'x'").unwrap();
            a.clauses.retain(|c| !matches!(c.term, Term::Rows(_)));
            add(a, [Term::Rows(filter)]);
        }),
    ];
    let mut came = std::collections::BTreeMap::new();
    for (number, (what, change)) in (0x40..).zip(changes) {
        let [one, other] = ["twin_a", "twin_b"].map(|name| {
            let mut agreement = federation.agreement(name);
            agreement.uid = format!("urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2c{number:02x}");
            change(&mut agreement);
            // Numbered as they stand, after the permission, or it would be no contract at all.
            for (number, clause) in (2..).zip(&mut agreement.clauses) {
                clause.id = hansa_policy::id::ClauseId(number);
            }
            let text = reply_to(federation, &agreement, &format!("{name}-{number}"));
            text.replace(name, "TWIN")
        });
        if one != other {
            return Err(format!("{what}:\n{one}\n{other}"));
        }
        *came
            .entry(one.split(' ').next().unwrap_or_default().to_owned())
            .or_insert(0) += 1;
    }
    match came.contains_key("taken") && came.contains_key("TERM_COLUMN_UNKNOWN:") {
        true => Ok(format!("9 proposals to each: {came:?}")),
        false => Err(format!("nothing was learned: {came:?}")),
    }
}

/// Proposes it; the whole answer.
fn reply_to(federation: &SqlAttackFederation, agreement: &Agreement, name: &str) -> String {
    let sent = federation.attacker.send_message(MessageContent::Request {
        negotiation: format!("n-{}", name.replace('_', "-")),
        dataset: agreement.dataset.id.clone(),
        offer: None,
        payload: hansa_proto::contract::to_bytes(agreement).into(),
    });
    match sent {
        Ok(_) => "taken in".to_owned(),
        Err(refusal) => format!("{} {:?}", refusal, refusal.help),
    }
}
