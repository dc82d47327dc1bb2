//! Operators see the answers that run, end one, and see which messages wait for whom.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use std::time::Duration;

fn running(city: &TestParticipant) -> Vec<serde_json::Value> {
    city.hansa(&["--json", "running", "list"]).must().lines()
}

#[test]
fn an_operator_ends_a_running_answer_and_the_log_says_so() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(150_000, ALL);
    let contract = acme.contract("lindau.long");
    assert!(running(&lindau).is_empty());
    let mut reader = acme.begins();
    let listed = wait_for("the answer", Duration::from_secs(30), || {
        running(&lindau)
            .into_iter()
            .find(|answer| number(answer, "rows") > 0)
    });
    assert_eq!(text(&listed, "participant"), "acme.example", "{listed}");
    assert_eq!(text(&listed, "by"), "peer", "{listed}");
    assert_eq!(listed["datasets"], serde_json::json!(["long"]), "{listed}");
    assert_eq!(listed["contracts"][0], contract.as_str(), "{listed}");
    let question = text(&listed, "question");
    // No beginning names the right one.
    for wrong in ["", "zz"] {
        lindau
            .hansa(&["running", "cancel", wrong])
            .refused("USAGE", 2);
    }
    let prefix = question.get(..12).unwrap();
    let ended = lindau
        .hansa(&["--json", "running", "cancel", prefix])
        .must()
        .json();
    assert_eq!(text(&ended, "question"), question);
    let cut = reader.end();
    assert!(cut.err.contains("ANSWER_CANCELLED"), "{}", cut.err);
    let close = wait_for("the cut answer", Duration::from_secs(10), || {
        let mut closes = lindau.records("close");
        closes.retain(|close| text(&close["body"], "outcome") == "cut");
        closes.pop()
    });
    assert_eq!(text(&close["body"], "code"), "ANSWER_CANCELLED");
    // Who ended it is in the log before it ended.
    let by = lindau.records("answer_cancelled");
    assert_eq!(by.len(), 1, "{by:?}");
    assert_eq!(text(&by[0]["body"], "request_id"), question);
    assert!(!text(&by[0]["body"], "actor").is_empty(), "{by:?}");
    assert!(number(&by[0], "seq") < number(&close, "seq"), "{by:?}");
    assert!(running(&lindau).is_empty());
    lindau
        .hansa(&["running", "cancel", prefix])
        .refused("USAGE", 2);
    lindau.verifies();
}

#[test]
fn messages_are_listed_until_their_receiver_has_them() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let list = |more: &[&str]| {
        let mut args = vec!["--json", "delivery", "list"];
        args.extend(more);
        lindau.hansa(&args).must().lines()
    };
    assert!(list(&[]).is_empty());
    let asked = lindau.hansa(&["--json", "contract", "list"]).must().lines();
    let negotiation = text(&asked[0], "negotiation");
    lindau.hansa(&["contract", "sign", &negotiation]).must();
    let waiting = list(&[]);
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(text(&waiting[0], "participant"), "acme.example");
    assert_eq!(text(&waiting[0], "kind"), "agreement");
    assert_eq!(text(&waiting[0], "negotiation"), negotiation);
    assert!(waiting[0]["since"].is_string(), "{waiting:?}");
    assert!(list(&["--after", &text(&waiting[0], "key")]).is_empty());
    assert!(list(&["--limit", "0"]).is_empty());
    lindau
        .hansa(&["delivery", "list", "--after", "acme"])
        .refused("USAGE", 2);
    wait_for("the message is fetched", Duration::from_secs(30), || {
        // The firm runs no connector: its messages travel with its commands.
        let _ = acme.hansa(&["contract", "list"]);
        let left = list(&[]);
        left.iter()
            .all(|message| text(message, "kind") != "agreement")
            .then_some(())
    });
    // Who dials knows when the peer answered.
    let peers = acme.hansa(&["--json", "peer", "list"]).must().lines();
    assert_eq!(text(&peers[0], "participant"), "lindau.example");
    assert_eq!(number(&peers[0], "contracts"), 1, "{peers:?}");
}
