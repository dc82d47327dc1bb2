//! One peer never takes all seats, also when it asks for many at the same time, and whoever leaves makes room.

use super::*;

fn peer(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

/// Takes seats until there are no more, and says why the next one was refused.
fn fill(take: impl Fn() -> Result<QueryPermit, Refusal>) -> (Vec<QueryPermit>, Refusal) {
    let mut seats = Vec::new();
    loop {
        match take() {
            Ok(seat) => seats.push(seat),
            Err(refusal) => return (seats, refusal),
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
        let seats = ConcurrencyLimiter::default();
        let (acme, refusal) = fill(|| seats.take_for(&peer("acme.example"), all));
        assert_eq!(acme.len(), most, "of {all}");
        assert_eq!(refusal.code, ErrorCode::TooManyStreams);
        if all > 1 {
            assert!(refusal.sentence.contains("of yours"), "{refusal}");
            let _other = seats.take_for(&peer("other.example"), all).unwrap();
        }
    }
}

#[test]
fn all_together_take_no_more_than_there_are() {
    let seats = ConcurrencyLimiter::default();
    let (acme, _) = fill(|| seats.take_for(&peer("acme.example"), 8));
    let (other, refusal) = fill(|| seats.take_for(&peer("other.example"), 8));
    assert_eq!((acme.len(), other.len(), seats.taken()), (6, 2, 8));
    assert!(refusal.sentence.contains("run here at once"), "{refusal}");
    assert!(!refusal.sentence.contains("of yours"), "{refusal}");
    assert_eq!(seats.take(8).unwrap_err().code, ErrorCode::TooManyStreams);
    drop(acme);
    // Our own people may have what is left.
    let (own, _) = fill(|| seats.take(8));
    assert_eq!((own.len(), seats.taken()), (6, 8));
    drop((own, other));
    assert_eq!(seats.taken(), 0);
    let _again = seats.take_for(&peer("acme.example"), 8).unwrap();
}

#[test]
fn fewer_seats_after_a_reload_let_nobody_in_until_enough_have_left() {
    let seats = ConcurrencyLimiter::default();
    let (mut acme, _) = fill(|| seats.take_for(&peer("acme.example"), 8));
    assert!(seats.take_for(&peer("other.example"), 4).is_err());
    acme.truncate(3);
    assert!(seats.take_for(&peer("acme.example"), 4).is_err());
    let _other = seats.take_for(&peer("other.example"), 4).unwrap();
}

#[test]
fn many_questions_at_the_same_time_do_not_see_the_same_free_seat() {
    let seats = ConcurrencyLimiter::default();
    let acme = peer("acme.example");
    let barrier = std::sync::Barrier::new(32);
    let got: Vec<Option<QueryPermit>> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    seats.take_for(&acme, 16).ok()
                })
            })
            .collect();
        askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .collect()
    });
    assert_eq!(got.iter().flatten().count(), 12);
    assert_eq!(seats.taken(), 12);
}

#[test]
fn who_polls_too_often_waits_for_the_next_minute() {
    let seats = ConcurrencyLimiter::default();
    let (acme, other) = (peer("acme.example"), peer("other.example"));
    for _ in 0..POLLS {
        seats.polled(&acme, 5).unwrap();
    }
    let refusal = seats.polled(&acme, 5 + MINUTE - 1).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TooManyStreams);
    seats.polled(&other, 6).unwrap();
    seats.polled(&acme, 5 + MINUTE).unwrap();
}
