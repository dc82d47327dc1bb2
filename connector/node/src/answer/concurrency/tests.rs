//! Tests: one peer never takes all slots, even with many questions at once, and a dropped slot is free again.

use super::*;

fn peer(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

/// Takes slots until none is left. Returns them and the refusal of the next one.
fn fill(take: impl Fn() -> Result<QueryPermit, Refusal>) -> (Vec<QueryPermit>, Refusal) {
    let mut permits = Vec::new();
    loop {
        match take() {
            Ok(permit) => permits.push(permit),
            Err(refusal) => return (permits, refusal),
        }
    }
}

#[test]
fn one_peer_takes_three_quarters_at_most() {
    for (all, most) in [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 3),
        (5, 3),
        (7, 5),
        (8, 6),
        (16, 12),
        (100, 75),
    ] {
        let limiter = ConcurrencyLimiter::default();
        let (acme, refusal) = fill(|| limiter.take_peer_slot(&peer("acme.example"), all));
        assert_eq!(acme.len(), most, "of {all}");
        assert_eq!(refusal.code, ErrorCode::TooManyStreams);
        if all > 1 {
            assert!(refusal.sentence.contains("of yours"), "{refusal}");
            let _other = limiter.take_peer_slot(&peer("other.example"), all).unwrap();
        }
    }
}

#[test]
fn all_together_take_no_more_than_there_are() {
    let limiter = ConcurrencyLimiter::default();
    let (acme, _) = fill(|| limiter.take_peer_slot(&peer("acme.example"), 8));
    let (other, refusal) = fill(|| limiter.take_peer_slot(&peer("other.example"), 8));
    assert_eq!(
        (acme.len(), other.len(), limiter.permits_in_use()),
        (6, 2, 8)
    );
    assert!(refusal.sentence.contains("run here at once"), "{refusal}");
    assert!(!refusal.sentence.contains("of yours"), "{refusal}");
    assert_eq!(
        limiter.take_for_house(8).unwrap_err().code,
        ErrorCode::TooManyStreams
    );
    drop(acme);
    // The remaining slots are free for own users.
    let (own, _) = fill(|| limiter.take_for_house(8));
    assert_eq!((own.len(), limiter.permits_in_use()), (6, 8));
    drop((own, other));
    assert_eq!(limiter.permits_in_use(), 0);
    let _again = limiter.take_peer_slot(&peer("acme.example"), 8).unwrap();
}

#[test]
fn fewer_slots_after_a_reload_let_nobody_in_until_enough_have_left() {
    let limiter = ConcurrencyLimiter::default();
    let (mut acme, _) = fill(|| limiter.take_peer_slot(&peer("acme.example"), 8));
    assert!(limiter.take_peer_slot(&peer("other.example"), 4).is_err());
    acme.truncate(3);
    assert!(limiter.take_peer_slot(&peer("acme.example"), 4).is_err());
    let _other = limiter.take_peer_slot(&peer("other.example"), 4).unwrap();
}

#[test]
fn many_questions_at_the_same_time_do_not_see_the_same_free_slot() {
    let limiter = ConcurrencyLimiter::default();
    let acme = peer("acme.example");
    let barrier = std::sync::Barrier::new(32);
    let got: Vec<Option<QueryPermit>> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    limiter.take_peer_slot(&acme, 16).ok()
                })
            })
            .collect();
        askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .collect()
    });
    assert_eq!(got.iter().flatten().count(), 12);
    assert_eq!(limiter.permits_in_use(), 12);
}

#[test]
fn who_polls_too_often_waits_for_the_next_minute() {
    let limiter = ConcurrencyLimiter::default();
    let (acme, other) = (peer("acme.example"), peer("other.example"));
    for _ in 0..POLLS {
        limiter.count_poll(&acme, 5).unwrap();
    }
    let refusal = limiter.count_poll(&acme, 5 + MINUTE - 1).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TooManyStreams);
    limiter.count_poll(&other, 6).unwrap();
    limiter.count_poll(&acme, 5 + MINUTE).unwrap();
}
