//! Attacks by a provider on who asks it.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_flight::FlightData;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::MaliciousPeer;
use hansa_test_support::malicious_server::MaliciousServer;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::PURPOSE;
use std::collections::BTreeSet;
use std::sync::Arc;

struct MaliciousProviderFixture {
    acme: TestParticipant,
    server: MaliciousServer,
    _lindau: TestParticipant,
    _peer: MaliciousPeer,
    _league: TestLeague,
}

const SQL: &str = "SELECT site, bikes FROM lindau.bikes";

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.bikes_under_contract();
    acme.holds("listed", LISTED, "");
    acme.publishes();
    let peer = MaliciousPeer::enter(&league, "acme", lindau.address(), lindau.domain()).unwrap();
    let server = MaliciousServer::listen(&league, "lindau", &peer);
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.hansa(&["peer", "add", server.address(), "--id", "lindau.example"])
        .must();
    let mut pair = MaliciousProviderFixture {
        acme,
        server,
        _lindau: lindau,
        _peer: peer,
        _league: league,
    };
    tried(&mut pair, &ATTACKS)
}

const ATTACKS: [AttackCase<MaliciousProviderFixture>; 3] = [
    AttackCase {
        number: 73,
        setup: "peer",
        name: "answers with other columns, rows and lengths, without end",
        expected: "PEER_DATA_INVALID, and the own log records it",
        does: answered,
        lacks: "",
    },
    AttackCase {
        number: 135,
        setup: "peer",
        name: "listens for values of a private list that is joined, compared and sorted with what it has",
        expected: "none in any question that it gets",
        does: overheard,
        lacks: "",
    },
    AttackCase {
        number: 136,
        setup: "peer",
        name: "answers a wider question than it was asked, with the true receipt of that one",
        expected: "RECEIPT_MISMATCH or PEER_DATA_INVALID",
        does: widened,
        lacks: "",
    },
];

/// What stands in the private list, and must not be told.
const LISTED: &str = "site,holder,n\nHafen,Frau Ohlsen,310417\nGeheim-17,Herr Petz,-987001\n";

/// Questions that bring both together: what an engine would narrow by keys, thresholds and single values.
const TOGETHER: [&str; 9] = [
    "SELECT l.holder, b.bikes FROM acme.listed l JOIN lindau.bikes b ON b.site = l.site",
    "SELECT l.holder, b.bikes FROM lindau.bikes b LEFT JOIN acme.listed l ON b.site = l.site AND l.n > b.bikes",
    "SELECT bikes FROM lindau.bikes WHERE site IN (SELECT site FROM acme.listed)",
    "SELECT bikes FROM lindau.bikes b WHERE NOT EXISTS (SELECT 1 FROM acme.listed l WHERE l.site = b.site)",
    "SELECT site FROM lindau.bikes WHERE bikes > (SELECT min(n) FROM acme.listed)",
    "SELECT site FROM lindau.bikes WHERE site <> (SELECT max(site) FROM acme.listed)",
    "SELECT x FROM (SELECT n AS x FROM acme.listed UNION ALL SELECT bikes FROM lindau.bikes) ORDER BY x DESC LIMIT 1",
    "SELECT min(x) AS a, max(x) AS b FROM (SELECT n AS x FROM acme.listed UNION ALL SELECT bikes FROM lindau.bikes)",
    "SELECT l.holder, sum(b.bikes) AS s FROM acme.listed l JOIN lindau.bikes b ON b.site = l.site AND b.bikes < l.n GROUP BY l.holder",
];

fn overheard(pair: &mut MaliciousProviderFixture) -> AttackVerdict {
    let before = pair.server.asked().len();
    for sql in TOGETHER {
        let answer = pair.acme.ask(sql);
        if answer.status != Some(0) {
            return Err(format!("{sql}: {}", answer.err));
        }
    }
    let asked = pair.server.asked().split_off(before);
    if asked.len() < TOGETHER.len() {
        return Err(format!("{} questions came", asked.len()));
    }
    for ticket in &asked {
        let text = String::from_utf8_lossy(&ticket.ticket);
        for value in ["Hafen", "Geheim", "Ohlsen", "Petz", "310417", "987001"] {
            if text.contains(value) {
                return Err(format!("`{value}` in {text}"));
            }
        }
    }
    Ok(format!("{} questions say nothing of it", asked.len()))
}

fn widened(pair: &mut MaliciousProviderFixture) -> AttackVerdict {
    let narrow = [
        "SELECT site, bikes FROM lindau.bikes WHERE bikes > 100",
        "SELECT site, bikes FROM lindau.bikes LIMIT 1",
        "SELECT site, bikes FROM lindau.bikes ORDER BY bikes LIMIT 1",
        "SELECT sum(bikes) AS bikes FROM lindau.bikes WHERE site = 'Insel'",
        "SELECT site, count(*) AS n FROM lindau.bikes WHERE bikes < 100 GROUP BY site",
    ];
    let honest: Vec<_> = narrow
        .map(|sql| pair.acme.ask(sql).must().lines_without_token())
        .into();
    pair.server.rewrite_tickets(Arc::new(|ticket| {
        let mut asking = hansa_proto::peer::query_request::from_ticket(&ticket.ticket).unwrap();
        let sql = &mut asking.ask.sql;
        if let Some((before, condition)) = sql.split_once(" WHERE ") {
            let groups = condition.split_once(" GROUP BY ");
            *sql = groups.map_or_else(
                || before.to_owned(),
                |(_, groups)| format!("{before} GROUP BY {groups}"),
            );
        } else if let Some((before, _)) = sql.split_once(" LIMIT ") {
            *sql = before.to_owned();
        }
        arrow_flight::Ticket {
            ticket: hansa_proto::peer::query_request::to_ticket(&asking),
        }
    }));
    let mut codes = BTreeSet::new();
    for sql in narrow {
        codes.insert(refused(pair, sql, sql)?);
    }
    pair.server.rewrite_tickets(Arc::new(|ticket| ticket));
    for (sql, honest) in narrow.iter().zip(honest) {
        if pair.acme.ask(sql).must().lines_without_token() != honest {
            return Err(format!("{sql}: the honest answer is not taken any more"));
        }
    }
    pair.acme.verifies();
    Ok(format!("{} answers: {codes:?}", narrow.len()))
}

fn sites(sites: &[&str], bikes: &[i64]) -> RecordBatch {
    let site: ArrayRef = Arc::new(StringArray::from(sites.to_vec()));
    let bikes: ArrayRef = Arc::new(Int64Array::from(bikes.to_vec()));
    RecordBatch::try_from_iter_with_nullable([("site", site, true), ("bikes", bikes, true)])
        .unwrap()
}

/// A batch as the messages of an answer.
fn frames(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<FlightData> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let maker = IpcDataGenerator::default();
    let mut dictionaries = DictionaryTracker::new(false);
    let schema =
        maker.schema_to_bytes_with_dictionary_tracker(&batch.schema(), &mut dictionaries, &options);
    let mut context = IpcWriteContext::default();
    let (_, rows) = maker
        .encode(batch, &mut dictionaries, &options, &mut context)
        .unwrap();
    vec![schema.into(), rows.into()]
}

type AnswerEdit = Box<dyn Fn(Vec<FlightData>) -> Vec<FlightData> + Send + Sync>;

/// Other rows under the schema and with the receipt of the real ones.
fn instead(batch: RecordBatch, compression: Option<CompressionType>) -> AnswerEdit {
    Box::new(move |real| {
        let mut made = frames(&batch, compression);
        made.extend(real.last().cloned());
        made
    })
}

/// The real answer with its rows changed.
fn rows(change: impl Fn(&mut FlightData) + Send + Sync + 'static) -> AnswerEdit {
    Box::new(move |mut real| {
        change(&mut real[1]);
        real
    })
}

fn put(part: &mut bytes::Bytes, at: usize, to: u8) {
    let mut bytes = part.to_vec();
    let place = at % bytes.len();
    bytes[place] = to;
    *part = bytes.into();
}

fn edits() -> Vec<(&'static str, AnswerEdit)> {
    let named = |columns: Vec<(&str, ArrayRef)>| RecordBatch::try_from_iter(columns).unwrap();
    let good = sites(&["Hafen", "Insel"], &[310, 77]);
    let (site, bikes) = (good.column(0).clone(), good.column(1).clone());
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["310", "77"]));
    let bomb = sites(&["A"; 200_000], &[0; 200_000]);
    let mut edits: Vec<(&str, AnswerEdit)> = vec![
        (
            "another column",
            instead(
                named(vec![
                    ("site", site.clone()),
                    ("bikes", bikes.clone()),
                    ("more", bikes.clone()),
                ]),
                None,
            ),
        ),
        (
            "a column less",
            instead(named(vec![("site", site.clone())]), None),
        ),
        (
            "another type",
            instead(named(vec![("site", site.clone()), ("bikes", texts)]), None),
        ),
        (
            "another name",
            instead(named(vec![("site", site.clone()), ("cars", bikes)]), None),
        ),
        (
            "other rows",
            instead(sites(&["Hafen", "Insel"], &[310, 78]), None),
        ),
        ("more rows", instead(sites(&["x"; 900], &[1; 900]), None)),
        ("fewer rows", instead(sites(&["Hafen"], &[310]), None)),
        (
            "no receipt",
            Box::new(|mut real| {
                real.pop();
                real
            }),
        ),
        (
            "another receipt",
            Box::new(|mut real| {
                let last = real.len() - 1;
                put(&mut real[last].app_metadata, 40, b'A');
                real
            }),
        ),
        ("nothing", Box::new(|_| Vec::new())),
        (
            "a receipt alone",
            Box::new(|real| real.into_iter().rev().take(1).collect()),
        ),
        (
            "no schema",
            Box::new(|mut real| {
                real.remove(0);
                real
            }),
        ),
        (
            "two schemas",
            Box::new(|mut real| {
                real.insert(0, real[0].clone());
                real
            }),
        ),
        (
            "the rows twice",
            Box::new(|mut real| {
                real.insert(1, real[1].clone());
                real
            }),
        ),
        (
            "rows after the receipt",
            Box::new(|mut real| {
                real.push(real[1].clone());
                real
            }),
        ),
        (
            "a receipt with the rows",
            rows(|frame| frame.app_metadata = vec![1].into()),
        ),
        (
            "half a body",
            rows(|frame| frame.data_body = frame.data_body.slice(..8)),
        ),
        (
            "no body",
            rows(|frame| frame.data_body = bytes::Bytes::new()),
        ),
        (
            "a longer body",
            rows(|frame| frame.data_body = [&frame.data_body[..], &[0; 512]].concat().into()),
        ),
        (
            "a header of noise",
            rows(|frame| frame.data_header = vec![0xff; 64].into()),
        ),
        (
            "a length beyond memory",
            Box::new(move |real| {
                let mut made = frames(&bomb, Some(CompressionType::LZ4_FRAME));
                // The length that stands before a compressed buffer.
                let mut body = made[1].data_body.to_vec();
                body[..8].copy_from_slice(&i64::MAX.to_le_bytes());
                made[1].data_body = body.into();
                made.extend(real.last().cloned());
                made
            }),
        ),
    ];
    // Lengths, offsets and counts, one after the other, are made huge; what is not changed by that is left out.
    for at in 0..24 {
        edits.push((
            "a lying header",
            rows(move |frame| put(&mut frame.data_header, at * 8 + 6, 0x7e)),
        ));
    }
    for at in [1, 2, 3, 5, 7, 9, 11] {
        edits.push((
            "a lying offset",
            rows(move |frame| put(&mut frame.data_body, at, 0x7e)),
        ));
    }
    edits
}

fn answered(pair: &mut MaliciousProviderFixture) -> AttackVerdict {
    let honest = pair.acme.ask(SQL).must().lines_without_token();
    if honest.len() != 3 {
        return Err(format!("as it is: {honest:?}"));
    }
    let (edits, mut codes) = (edits(), BTreeSet::new());
    let (total, before) = (edits.len(), pair.acme.log().len());
    for (what, edit) in edits {
        // What is packed small is changed as what it holds.
        let plain = |one| hansa_transport::peer::message_packer::unpack_message(one).unwrap();
        let change = move |real: Vec<_>| edit(real.into_iter().map(plain).collect());
        pair.server.rewrite_answers(Arc::new(change), false);
        codes.insert(refused(pair, what, SQL)?);
    }
    pair.server.rewrite_answers(Arc::new(|real| real), true);
    let ask = [
        "--json",
        "--timeout",
        "10s",
        "sql",
        SQL,
        "--purpose",
        PURPOSE,
    ];
    let endless = pair.acme.hansa(&ask);
    if endless.status == Some(0) {
        return Err("an answer without end came to one".to_owned());
    }
    if pair.acme.log().len() <= before + total {
        return Err("its own log says nothing of it".to_owned());
    }
    pair.acme.verifies();
    pair.server.rewrite_answers(Arc::new(|real| real), false);
    if pair.acme.ask(SQL).must().lines_without_token() != honest {
        return Err("the honest answer is not taken any more".to_owned());
    }
    Ok(format!("{total} answers: {codes:?}; without end: stopped"))
}

/// Asks, and says with which code it was refused; no row may be shown as if it were an answer.
fn refused(pair: &MaliciousProviderFixture, what: &str, sql: &str) -> AttackVerdict {
    let done = pair.acme.ask(sql);
    let known = [
        "PEER_DATA_INVALID",
        "RECEIPT_MISMATCH",
        "STREAM_CUT",
        "STATEMENT_MALFORMED",
        "SIGNATURE_INVALID",
    ];
    let code = known
        .iter()
        .find(|code| done.err.contains(&format!("\"code\":\"{code}\"")));
    match (done.status, code) {
        (Some(0), _) => Err(format!("{what}: taken as an answer: {}", done.out)),
        (_, Some(code)) => Ok((*code).to_owned()),
        (status, None) => Err(format!("{what}: {status:?} {}", done.err)),
    }
}
