//! Attacks on what goes on from an earlier answer: by who asks (A) and by who answers (P).

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::query_request::RowScope;
use hansa_proto::peer::query_request::{from_ticket, to_ticket};
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::{CollectedAnswer, MaliciousPeer, question};
use hansa_test_support::malicious_server::MaliciousServer;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use std::collections::BTreeSet;
use std::sync::Arc;

struct FeedFixture {
    lindau: TestParticipant,
    acme: TestParticipant,
    attacker: MaliciousPeer,
    other: MaliciousPeer,
    malicious_server: MaliciousServer,
    contracts: [ContractId; 2],
    _league: TestLeague,
}

const READINGS: &str = "\n[[dataset]]\nname = \"readings\"\ntitle = \"Readings\"\nlicence = \"CC0-1.0\"\nfeed = true\n\
    [dataset.source]\nkind = \"text\"\npath = \"readings\"\n\
    [[dataset.column]]\nname = \"site\"\n[[dataset.column]]\nname = \"value\"\ntype = \"int\"\n";

const SQL: &str = "SELECT site, value FROM readings";

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let (acme, other) = (league.firm("acme"), league.firm("other"));
    league.hand_bundle_to("lindau");
    lindau.configure(READINGS);
    bring(&lindau, 1, "roof,1\ncellar,2\nyard,3\n");
    let terms = format!("{ALL}\nrows = \"site <> 'cellar'\"");
    lindau.offers("readings", "some", &terms, "\"league\"", "auto");
    lindau.serve();
    let contracts = [&acme, &other].map(|firm| {
        firm.knows(&lindau);
        firm.contract("lindau.readings").parse().unwrap()
    });
    let [mine, theirs] = ["acme", "other"].map(|alias| {
        MaliciousPeer::enter(&league, alias, lindau.address(), lindau.domain()).unwrap()
    });
    let malicious_server = MaliciousServer::listen(&league, "lindau", &mine);
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.hansa(&[
        "peer",
        "add",
        malicious_server.address(),
        "--id",
        "lindau.example",
    ])
    .must();
    let mut feed = FeedFixture {
        lindau,
        acme,
        attacker: mine,
        other: theirs,
        malicious_server,
        contracts,
        _league: league,
    };
    tried(&mut feed, &ATTACKS)
}

const ATTACKS: [AttackCase<FeedFixture>; 3] = [
    AttackCase {
        number: 139,
        setup: "since",
        name: "goes on from answers that somebody else got, that failed or were none, and from none at all",
        expected: "NOT_CONTINUED, in the same words, and no row",
        does: elsewhere,
        lacks: "",
    },
    AttackCase {
        number: 140,
        setup: "since",
        name: "goes on from its answer with another question, purpose and contract",
        expected: "NOT_CONTINUED, and rows of its view alone",
        does: otherwise,
        lacks: "",
    },
    AttackCase {
        number: 141,
        setup: "peer",
        name: "says that nothing came to who asks for all rows, and gives all to who asks for what came",
        expected: "no answer is shown as one",
        does: misled,
        lacks: "",
    },
];

fn bring(city: &TestParticipant, file: u32, rows: &str) {
    city.write(
        &format!("readings/{file}.csv"),
        &format!("site,value\n{rows}"),
    );
    city.publishes();
}

/// Asks; gives the request and what came.
fn asked(
    attacker: &MaliciousPeer,
    contract: ContractId,
    sql: &str,
    rows: RowScope,
) -> (RequestId, CollectedAnswer) {
    let mut asking = question(&[contract], sql, Some(PURPOSE.parse().unwrap()));
    asking.ask.rows = rows;
    let answer = attacker.ticket(&to_ticket(&asking), &[]);
    (asking.ask.request, answer)
}

fn elsewhere(feed: &mut FeedFixture) -> AttackVerdict {
    let [mine, theirs] = feed.contracts;
    let (own, answer) = asked(&feed.attacker, mine, SQL, RowScope::All);
    if answer.code() != "" {
        return Err(format!("as it is: {}", answer.message()));
    }
    let (others, _) = asked(&feed.other, theirs, SQL, RowScope::All);
    let (refused, _) = asked(
        &feed.attacker,
        mine,
        "SELECT nothing FROM readings",
        RowScope::All,
    );
    let (quiet, _) = asked(&feed.attacker, mine, SQL, RowScope::Since(own));
    let (then, _) = asked(&feed.attacker, mine, SQL, RowScope::AsOf(now()));
    bring(&feed.lindau, 2, "roof,4\n");
    let mut said = BTreeSet::new();
    let tries = [
        others,
        refused,
        quiet,
        then,
        RequestId([0; 16]),
        RequestId([255; 16]),
    ];
    for request in tries {
        let (_, answer) = asked(&feed.attacker, mine, SQL, RowScope::Since(request));
        if answer.code() != "NOT_CONTINUED" {
            return Err(format!("{request}: {}", answer.message()));
        }
        said.insert(answer.message());
    }
    if said.len() > 1 {
        return Err(format!("told apart: {said:?}"));
    }
    let broken = "SELECT value / (value - value) FROM readings";
    let (failed, answer) = asked(&feed.attacker, mine, broken, RowScope::All);
    if answer.code() == "" {
        return Err("a division by nothing was answered".to_owned());
    }
    let (_, answer) = asked(&feed.attacker, mine, broken, RowScope::Since(failed));
    if answer.code() != "NOT_CONTINUED" {
        return Err(format!("one that failed: {}", answer.message()));
    }
    // Its own goes on, with what came and nothing else.
    let (_, answer) = asked(&feed.attacker, mine, SQL, RowScope::Since(own));
    if !answer.tells("roof") || answer.tells("yard") || answer.tells("cellar") {
        return Err(format!("its own: {}", answer.message()));
    }
    Ok(format!("{} tries, one sentence", tries.len()))
}

fn now() -> hansa_audit_log::time::UtcTimestamp {
    "2029-01-01T00:00:00Z".parse().unwrap()
}

fn otherwise(feed: &mut FeedFixture) -> AttackVerdict {
    let [mine, theirs] = feed.contracts;
    let narrow = "SELECT site FROM readings WHERE site = 'roof'";
    let (own, _) = asked(&feed.attacker, mine, narrow, RowScope::All);
    // That nothing came says nothing of what is another answer at every time.
    let moment = "SELECT site FROM readings WHERE now() > to_timestamp(value)";
    let (then, answer) = asked(&feed.attacker, mine, moment, RowScope::All);
    if answer.code() != "" {
        return Err(format!("{moment}: {}", answer.message()));
    }
    let (_, answer) = asked(&feed.attacker, mine, moment, RowScope::Since(then));
    if answer.code() != "NOT_CONTINUED" {
        return Err(format!("{moment}: {}", answer.message()));
    }
    bring(&feed.lindau, 3, "cellar,5\nroof,6\nyard,7\n");
    let wider = [
        SQL,
        "SELECT site FROM readings",
        "SELECT site FROM readings WHERE site = 'yard'",
        "SELECT count(*) FROM readings",
        "SELECT site FROM readings WHERE site = 'roof' ",
    ];
    for sql in wider {
        let (_, answer) = asked(&feed.attacker, mine, sql, RowScope::Since(own));
        if answer.code() != "NOT_CONTINUED" {
            return Err(format!("{sql}: {}", answer.message()));
        }
    }
    let (_, answer) = asked(&feed.attacker, theirs, narrow, RowScope::Since(own));
    if answer.code() == "" {
        return Err(format!("under another's contract: {}", answer.message()));
    }
    let (_, answer) = asked(&feed.attacker, mine, narrow, RowScope::Since(own));
    if !answer.tells("roof") || answer.tells("cellar") || answer.tells("yard") {
        return Err(format!("what came: {}", answer.message()));
    }
    Ok(format!("{} other questions", wider.len()))
}

fn misled(feed: &mut FeedFixture) -> AttackVerdict {
    let sql = "SELECT site, value FROM lindau.readings";
    let ask = ["--json", "sql", sql, "--purpose", PURPOSE];
    let honest = feed.acme.hansa(&ask).must().lines();
    let token = text(&honest[honest.len() - 1]["hansa"], "token");
    let ticket = feed.malicious_server.asked().pop().unwrap();
    let earlier = from_ticket(&ticket.ticket).unwrap().ask.request;
    let twisted = |rows: RowScope| {
        feed.malicious_server
            .rewrite_tickets(Arc::new(move |ticket| {
                let mut asking = from_ticket(&ticket.ticket).unwrap();
                asking.ask.rows = rows;
                arrow_flight::Ticket {
                    ticket: to_ticket(&asking),
                }
            }));
    };
    twisted(RowScope::Since(earlier));
    let quiet = feed.acme.hansa(&ask);
    if quiet.status == Some(0) {
        return Err(format!("nothing is shown as all: {}", quiet.out));
    }
    twisted(RowScope::All);
    let since = [&ask[..], &["--since", &token]].concat();
    let doubled = feed.acme.hansa(&since);
    if doubled.status == Some(0) {
        return Err(format!("all is shown as what came: {}", doubled.out));
    }
    feed.malicious_server
        .rewrite_tickets(Arc::new(|ticket| ticket));
    let after = feed.acme.hansa(&since).must().lines();
    if after[0]["hansa"]["nothing_new"] != true {
        return Err(format!("the honest answer is not taken: {after:?}"));
    }
    feed.acme.verifies();
    Ok(format!("{:?} and {:?}", quiet.status, doubled.status))
}
