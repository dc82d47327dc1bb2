//! Notices: people are told 90, 30 and 7 days before a contract ends, once each, whatever comes in between.

use crate::clock::set;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text, wait_for};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// lindau and acme with certificates for ninety days, and a contract between them that ends in three months.
fn pair(league: &TestLeague, notice: &str) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    for name in ["lindau", "acme"] {
        league.renew_at(name, &format!("{name}.example.request"), "0s");
    }
    league.hand_bundle_to("lindau");
    lindau.configure(notice);
    acme.configure("[notice]\nfolder = \"notices\"\n");
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    let terms = format!(
        "purpose = [\"dpv:ResearchAndDevelopment\"]\nvalid = {{ from = 2026-01-01, until = {} }}",
        lindau.day(94)
    );
    lindau.offers("bikes", "all", &terms, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    (lindau, acme)
}

/// It is so much later.
fn later(league: &TestLeague, city: &TestParticipant, offset: &str) {
    let alias = city.domain().trim_end_matches(".example");
    league.hand_bundle_at(alias, offset);
    set(city, offset);
    city.hansa(&["reload"]).must();
}

/// The notices in the log: days, channel, outcome, attempt.
fn sent_notices(city: &TestParticipant) -> Vec<(i64, String, String, i64)> {
    let one = |record: Value| {
        (
            number(&record, "days"),
            text(&record, "channel"),
            text(&record, "outcome"),
            number(&record, "attempt"),
        )
    };
    city.records("notice").into_iter().map(one).collect()
}

/// Waits until so many notices are in the log.
#[track_caller]
fn until(city: &TestParticipant, count: usize) -> Vec<(i64, String, String, i64)> {
    wait_for(&format!("{count} notices"), PATIENCE, || {
        Some(sent_notices(city)).filter(|reported| reported.len() >= count)
    })
}

/// Something that takes webhooks in and keeps them.
fn hook() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    hansa_test_support::detached_thread::leave(std::thread::spawn(move || {
        while let Ok((mut caller, _)) = listener.accept() {
            let mut text = String::new();
            let mut piece = [0_u8; 4096];
            while !text.ends_with('}') {
                match caller.read(&mut piece) {
                    Ok(length @ 1..) => text.push_str(&String::from_utf8_lossy(&piece[..length])),
                    _ => break,
                }
            }
            kept.lock().unwrap().push(text);
            let _ = caller.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    }));
    (url, heard)
}

fn files(city: &TestParticipant) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(city.folder().join("notices")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn people_are_reported_once_at_ninety_thirty_and_seven_days() {
    let league = TestLeague::new(super::binary());
    let (url, heard) = hook();
    let notice = format!(
        "[notice]\nfolder = \"notices\"\nwebhook = \"{url}\"\nmail = [\"sh\", \"-c\", \"cat >> mail.txt\"]\n"
    );
    let (mut lindau, acme) = pair(&league, &notice);
    let days = |count: usize| {
        let mut days: Vec<i64> = until(&lindau, count).iter().map(|one| one.0).collect();
        days.dedup();
        days
    };
    later(&league, &lindau, "+6d");
    assert_eq!(days(3), [90]);
    let contract = lindau.listed("contract").pop().unwrap();
    // Some days later it is the same notice still.
    later(&league, &lindau, "+10d");
    lindau.stop();
    lindau.serve();
    for (offset, count, expect) in [("+66d", 6, 30), ("+89d", 9, 7)] {
        later(&league, &lindau, offset);
        let reported = until(&lindau, count);
        assert!(
            reported[count - 3..].iter().all(|one| one.0 == expect),
            "{reported:?}"
        );
        lindau.kill();
        lindau.serve();
    }
    let reported = sent_notices(&lindau);
    assert_eq!(reported.len(), 9, "once each: {reported:?}");
    assert!(
        reported
            .iter()
            .all(|one| one.2 == "delivered" && one.3 == 1),
        "{reported:?}"
    );

    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 3, "{heard:?}");
    for (message, days) in heard.iter().zip([90, 30, 7]) {
        let body: Value = serde_json::from_str(message.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(
            (number(&body, "days"), text(&body, "contract")),
            (days, contract.clone())
        );
        assert_eq!(text(&body, "with"), "acme.example");
    }
    let mail = std::fs::read_to_string(lindau.folder().join("mail.txt")).unwrap();
    assert_eq!(mail.matches("Subject: Contract ").count(), 3, "{mail}");
    assert_eq!(files(&lindau).len(), 3);

    // The other party is told by its own connector, while a command runs: by the nearest day alone.
    acme.hansa(&["status"]).must();
    assert!(files(&acme).is_empty());
    league.hand_bundle_at("acme", "+66d");
    set(&acme, "+66d");
    for _ in 0..2 {
        acme.hansa(&["status"]).must();
    }
    let names = files(&acme);
    assert!(
        names.len() == 1 && names[0].ends_with("-30.txt"),
        "{names:?}"
    );
    let page = std::fs::read_to_string(acme.folder().join("notices").join(&names[0])).unwrap();
    assert!(
        page.contains("hansa contract request lindau.bikes --replaces"),
        "{page}"
    );
    assert_eq!(self::sent_notices(&acme).len(), 1);
    lindau.verifies();
}

#[test]
fn an_end_by_a_withdrawal_from_a_later_day_is_told_with_its_reason() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, "[notice]\nfolder = \"notices\"\n");
    // The end by date was told before.
    later(&league, &lindau, "+6d");
    assert_eq!(until(&lindau, 1)[0].0, 90);
    let contract = lindau.listed("contract").pop().unwrap();
    let day = lindau.day(20);
    let end = [
        "--yes",
        "contract",
        "withdraw",
        &contract,
        "--reason",
        "the pilot is over",
    ];
    lindau.hansa(&[&end[..], &["--from", &day]].concat()).must();
    // Notices go out each hour, and when the configuration is read again.
    lindau.hansa(&["reload"]).must();
    let told = until(&lindau, 2);
    assert_eq!((told[1].0, told[1].3), (30, 1), "{told:?}");
    later(&league, &lindau, "+20d");
    let told = until(&lindau, 3);
    assert_eq!(told[2].0, 7, "{told:?}");
    let name = files(&lindau).pop().unwrap();
    assert!(name.ends_with("-withdrawal-7.txt"), "{name}");
    let page = std::fs::read_to_string(lindau.folder().join("notices").join(name)).unwrap();
    for words in [
        "It is in force through ",
        "lindau.example has withdrawn it",
        "the pilot is over",
    ] {
        assert!(page.contains(words), "{page}");
    }
    assert!(!page.contains("renew"), "{page}");
    // So is the other party, by its own connector.
    league.hand_bundle_at("acme", "+20d");
    set(&acme, "+20d");
    acme.hansa(&["contract", "list"]).must();
    acme.hansa(&["status"]).must();
    let names = files(&acme);
    assert!(
        names.iter().any(|name| name.ends_with("-withdrawal-7.txt")),
        "{names:?}"
    );
    lindau.verifies();
}

#[test]
fn what_fails_is_tried_again_and_given_up_and_shown() {
    let league = TestLeague::new(super::binary());
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret-of-the-hook", closed.local_addr().unwrap());
    drop(closed);
    let (mut lindau, _acme) = pair(&league, &format!("[notice]\nwebhook = \"{url}\"\n"));
    let waiting = |city: &TestParticipant| {
        let status = city.hansa(&["--json", "status"]).must().json();
        status["waiting"].to_string()
    };
    // 1, 4, 16, 64 and 256 minutes are between the attempts.
    let six_days = 6 * 24 * 60;
    for (attempt, minutes) in [(1, 0), (2, 2), (3, 8), (4, 30), (5, 110), (6, 400)] {
        later(&league, &lindau, &format!("+{}m", six_days + minutes));
        let reported = until(&lindau, attempt);
        let last = reported.last().unwrap().clone();
        let expect = i64::try_from(attempt).unwrap();
        assert_eq!(
            (last.2.as_str(), last.3),
            ("failed", expect),
            "{reported:?}"
        );
        let shown = waiting(&lindau);
        assert!(shown.contains("NOTICE_UNDELIVERABLE"), "{shown}");
        assert!(!shown.contains("secret-of-the-hook"), "{shown}");
        if attempt == 2 {
            // What was tried is counted on after a crash.
            lindau.kill();
            lindau.serve();
        }
    }
    assert!(waiting(&lindau).contains("given up after 6 attempts"));
    later(&league, &lindau, "+20d");
    // The next one is another one; and it arrives as soon as somebody listens.
    later(&league, &lindau, &format!("+{}m", 66 * 24 * 60));
    let reported = until(&lindau, 7);
    let nineties = reported.iter().filter(|one| one.0 == 90).count();
    assert_eq!(
        (nineties, reported[6].0, reported[6].3),
        (6, 30, 1),
        "{reported:?}"
    );
    let (open, heard) = hook();
    let file = lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap().replace(&url, &open);
    std::fs::write(&file, config).unwrap();
    later(&league, &lindau, &format!("+{}m", 66 * 24 * 60 + 2));
    let reported = until(&lindau, 8);
    assert_eq!(
        (reported[7].2.as_str(), reported[7].3),
        ("delivered", 2),
        "{reported:?}"
    );
    assert_eq!(heard.lock().unwrap().len(), 1);
    lindau.verifies();
}
