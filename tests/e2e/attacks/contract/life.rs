//! Contracts that are over, withdrawn, replaced, or about something else by now.

use crate::attacks::AttackVerdict;
use crate::attacks::contract::contract_fixture::SignedContractFixture;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::MessageContent;
use hansa_test_support::workflow::{between, text, wait_for};
use std::time::Duration;

const COUNT: &str = "SELECT count(*) FROM ";

fn contract(fixture: &SignedContractFixture, dataset: &str) -> ContractId {
    fixture
        .acme
        .contract(&format!("lindau.{dataset}"))
        .parse()
        .unwrap()
}

fn verdict(fixture: &SignedContractFixture, id: ContractId, dataset: &str) -> &'static str {
    fixture.ask(id, &format!("{COUNT}{dataset}")).code()
}

pub(super) fn ended(fixture: &mut SignedContractFixture) -> AttackVerdict {
    let (soon, brief) = (contract(fixture, "soon"), contract(fixture, "brief"));
    let long = contract(fixture, "long");
    let before = [
        verdict(fixture, soon, "soon"),
        verdict(fixture, brief, "brief"),
        verdict(fixture, long, "long"),
    ];
    if before != ["NOT_YET_VALID", "", ""] {
        return Err(format!("before: {before:?}"));
    }
    let mut reader = fixture.acme.begins();
    // Over a week: the one that lasts three days is over, the one in which somebody reads is not.
    let file = fixture.lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{config}\n[clock]\noffset = \"+8d\"\n")).unwrap();
    let _ = fixture.lindau.hansa(&["reload"]);
    let after = [
        verdict(fixture, soon, "soon"),
        verdict(fixture, brief, "brief"),
        verdict(fixture, long, "long"),
    ];
    std::fs::write(&file, &config).unwrap();
    let _ = fixture.lindau.hansa(&["reload"]);
    let _ = fixture.lindau.hansa(&["reload"]);
    reader.kill();
    if after != ["NOT_YET_VALID", "EXPIRED", ""] {
        return Err(format!("after: {after:?}"));
    }
    // That a stream which runs is cut with its receipt takes a contract that ends under it.
    crate::clock::a_contract_ends_under_a_running_stream();
    Ok("NOT_YET_VALID, EXPIRED; cut in mid-stream".to_owned())
}

pub(super) fn withdrawn(fixture: &mut SignedContractFixture) -> AttackVerdict {
    let (gone, open) = (contract(fixture, "gone"), fixture.id);
    let long = contract(fixture, "long");
    let _ = std::fs::create_dir_all(fixture.acme.folder().join("out"));
    // The stream is that of the own connector, which also keeps its receipt.
    let sql = [
        "sql",
        hansa_test_support::workflow::WHOLE,
        "--purpose",
        hansa_test_support::workflow::PURPOSE,
        "--contract",
        &long.to_string(),
        "--format",
        "csv",
    ];
    let mut reader = fixture.acme.start(&sql);
    reader.first_line();
    let withdraw = |id: ContractId| {
        let id = id.to_string();
        fixture
            .lindau
            .hansa(&["--yes", "contract", "withdraw", &id, "--reason", "over"])
            .must();
    };
    withdraw(long);
    let cut = wait_for("the end of the stream", Duration::from_secs(20), || {
        let mut closed = fixture.lindau.records("close");
        closed.retain(|close| text(close, "code") == "WITHDRAWN");
        closed.pop()
    });
    let record = fixture
        .lindau
        .records("withdraw")
        .pop()
        .ok_or("no record")?;
    let passed = between(&record, &cut);
    reader.end();
    // How fast it is is measured where nothing else runs; all attacks are done at once.
    if !(0..=10_000_000).contains(&passed) {
        return Err(format!("cut after {passed} µs"));
    }
    withdraw(gone);
    if verdict(fixture, gone, "gone") != "WITHDRAWN" || !verdict(fixture, open, "open").is_empty() {
        return Err(format!(
            "{} {}",
            verdict(fixture, gone, "gone"),
            verdict(fixture, open, "open")
        ));
    }
    // The very statement again, by its party and by a third one, and turned on another contract.
    let statement = statement(fixture, gone).ok_or("no statement on the disk")?;
    let replayed = |bytes: Vec<u8>, by: &hansa_test_support::malicious_peer::MaliciousPeer| {
        by.send_message(MessageContent::Withdrawal {
            statement: bytes.into(),
        })
        .err()
        .map(|refusal| refusal.code)
    };
    let by_party = replayed(statement.clone(), &fixture.attacker);
    let by_third = replayed(statement.clone(), &fixture.stranger);
    let turned = turned(&statement, gone, open);
    let other = replayed(turned, &fixture.attacker);
    if other != Some(ErrorCode::SignatureInvalid) {
        return Err(format!("turned on another contract: {other:?}"));
    }
    match verdict(fixture, open, "open") {
        "" => Ok(format!(
            "WITHDRAWN; cut after {passed} µs; replays: {by_party:?}, {by_third:?}; turned: SIGNATURE_INVALID"
        )),
        code => Err(format!("a replay ended another contract: {code}")),
    }
}

/// The withdrawal of a contract as the provider keeps it.
fn statement(fixture: &SignedContractFixture, contract: ContractId) -> Option<Vec<u8>> {
    let folder = fixture.lindau.folder().join("state");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path
                .parent()
                .is_some_and(|parent| parent.ends_with("withdrawals"))
                && let Ok(bytes) = std::fs::read(&path)
                && let Ok(read) = hansa_proto::envelope::parse_withdrawal(&bytes)
                && read.contract == contract
            {
                return Some(bytes);
            }
        }
    }
    None
}

/// The same signature over a statement that names another contract.
fn turned(statement: &[u8], from: ContractId, to: ContractId) -> Vec<u8> {
    let text = String::from_utf8(statement.to_vec()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let payload = value["payload"].as_str().unwrap();
    let inner = String::from_utf8(hansa_proto::base64url::decode(payload).unwrap()).unwrap();
    let changed = inner.replace(&from.to_string(), &to.to_string());
    assert_ne!(changed, inner);
    text.replace(payload, &hansa_proto::base64url::encode(changed.as_bytes()))
        .into_bytes()
}

pub(super) fn replayed(fixture: &mut SignedContractFixture) -> AttackVerdict {
    // A newer version in the place of the one that is in force, proposed by the consumer and signed by itself.
    let old = contract(fixture, "open");
    let exported = fixture
        .acme
        .hansa(&["contract", "export", &old.to_string()])
        .must()
        .out;
    let mut agreement = hansa_proto::envelope::parse_contract(exported.trim().as_bytes())
        .unwrap()
        .agreement;
    let propose = |agreement: &Agreement, name: &str| {
        fixture.attacker.send_message(MessageContent::Request {
            negotiation: name.to_owned(),
            dataset: agreement.dataset.id.clone(),
            offer: None,
            payload: hansa_proto::contract::to_bytes(agreement).into(),
        })
    };
    // The same label with other content.
    agreement.nonce = "AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let reused = propose(&agreement, "n-again").err();
    let reused = reused.map(|refusal| refusal.code);
    agreement.version = 2;
    agreement.supersedes = Some(old);
    let newer = ContractId(hansa_audit_log::digest::Digest::of(
        &hansa_proto::contract::to_bytes(&agreement),
    ));
    propose(&agreement, "n-newer").map_err(|refusal| refusal.to_string())?;
    fixture
        .attacker
        .inbox(0)
        .map_err(|refusal| refusal.to_string())?;
    verified(fixture, &agreement, "n-newer")
        .map_err(|refusal| format!("verification: {refusal}"))?;
    let codes = [
        verdict(fixture, old, "open"),
        verdict(fixture, newer, "open"),
    ];
    if codes != ["SUPERSEDED", ""] {
        return Err(format!("{codes:?}"));
    }
    // The old messages again: nothing comes of them.
    let again = propose(&agreement, "n-newer")
        .err()
        .map(|refusal| refusal.code);
    let still = verdict(fixture, old, "open");
    if still != "SUPERSEDED" || again.is_none() || reused != Some(ErrorCode::ContractIdReused) {
        return Err(format!("{still} {again:?} {reused:?}"));
    }
    Ok("SUPERSEDED; CONTRACT_ID_REUSED".to_owned())
}

/// The consumer signs what the provider has signed.
fn verified(
    fixture: &SignedContractFixture,
    agreement: &Agreement,
    name: &str,
) -> Result<(), Refusal> {
    let payload = hansa_proto::contract::to_bytes(agreement);
    let signature = fixture.sign(SignatoryRole::Consumer, &payload);
    fixture.attacker.send_message(MessageContent::Verification {
        negotiation: name.to_owned(),
        contract: hansa_proto::envelope::assemble_statement(&payload, &[signature]).into(),
    })
}

pub(super) fn changed(fixture: &mut SignedContractFixture) -> AttackVerdict {
    let on = |fixture: &SignedContractFixture, offer: &str| -> ContractId {
        let signed = fixture.acme.contract_on("lindau.shape", offer);
        signed.parse().unwrap()
    };
    let (exact, grows) = (on(fixture, "shape"), on(fixture, "grows"));
    let both = |fixture: &SignedContractFixture| {
        [exact, grows].map(|contract| fixture.ask(contract, "SELECT * FROM shape").code())
    };
    if both(fixture) != ["", ""] {
        return Err(format!("{:?}", both(fixture)));
    }
    let file = fixture.lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let more = "\n[[dataset.column]]\nname = \"extra\"\n";
    let mut codes = Vec::new();
    for (csv, change, compatible) in [
        // A column more behind the others, one between them, one of another type, one less.
        (
            "site,bikes,extra\nHafen,310,secret\n",
            ColumnChange::Behind(more),
            "",
        ),
        (
            "site,extra,bikes\nHafen,secret,310\n",
            ColumnChange::Before(more),
            "SCHEMA_CHANGED",
        ),
        (
            "site,bikes\nHafen,310\n",
            ColumnChange::Word("\"int\"", "\"text\""),
            "SCHEMA_CHANGED",
        ),
        ("site\nHafen\n", ColumnChange::Less, "SCHEMA_CHANGED"),
    ] {
        let at = config.find("\"shape\"").ok_or("no entry")?;
        let (head, tail) = config.split_at(at);
        let end = tail.find("[[offer]]").unwrap_or(tail.len());
        let (entry, rest) = tail.split_at(end);
        let last = entry.rfind("[[dataset.column]]").ok_or("no column")?;
        let (before, column) = entry.split_at(last);
        let entry = match change {
            ColumnChange::Behind(more) => format!("{entry}{more}\n"),
            ColumnChange::Before(more) => format!("{before}{more}\n{column}"),
            ColumnChange::Word(from, to) => entry.replacen(from, to, 1),
            ColumnChange::Less => before.to_owned(),
        };
        std::fs::write(&file, format!("{head}{entry}{rest}")).unwrap();
        fixture.lindau.write("data/shape.csv", csv);
        fixture.lindau.hansa(&["reload"]).must();
        // An offer that lists a column which is gone is told, and left out.
        let published = fixture.lindau.hansa(&["dataset", "publish", "shape"]);
        if !published.out.contains("is published") {
            return Err(format!("{csv}: {} {}", published.out, published.err));
        }
        let met = both(fixture);
        if met != ["SCHEMA_CHANGED", compatible] {
            return Err(format!("{csv}: {met:?}"));
        }
        let seen = fixture.ask(grows, "SELECT * FROM shape");
        if seen.tells("secret") || seen.tells("extra") {
            return Err(format!("{csv}: what came later is seen: {seen:?}"));
        }
        let named = fixture.ask(grows, "SELECT extra FROM shape").code();
        if compatible.is_empty() && named != "COLUMN_UNKNOWN" {
            return Err(format!("{csv}: {named}"));
        }
        codes.push(met[1]);
    }
    std::fs::write(&file, &config).unwrap();
    fixture
        .lindau
        .write("data/shape.csv", "site,bikes\nHafen,310\nInsel,77\n");
    // The offers are told to name a column that comes back with the next version.
    let _ = fixture.lindau.hansa(&["reload"]);
    fixture
        .lindau
        .hansa(&["dataset", "publish", "shape"])
        .must();
    match both(fixture) == ["", ""] {
        true => Ok(
            "SCHEMA_CHANGED until the old schema is back; compatible sees no addition".to_owned(),
        ),
        false => Err(format!("{codes:?}")),
    }
}

/// What is done to the columns of a dataset.
enum ColumnChange<'a> {
    /// One more behind the others.
    Behind(&'a str),
    /// One more before the last.
    Before(&'a str),
    /// One word for another.
    Word(&'a str, &'a str),
    /// The last one goes.
    Less,
}
