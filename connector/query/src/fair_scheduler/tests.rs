//! Order of jobs if there are more runnable jobs than threads.

use super::{FairScheduler, ScheduledFuture};
use futures::FutureExt as _;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_policy::id::ParticipantId;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

struct SchedulerFixture {
    turns: FairScheduler,
    now: Arc<AtomicU64>,
}

fn world(places: usize) -> SchedulerFixture {
    with_spare(places, 0)
}

fn with_spare(places: usize, spare: usize) -> SchedulerFixture {
    let now = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now);
    let clock: Clock = Arc::new(move || ClockReading {
        wall: UtcTimestamp::EARLIEST,
        mono_ns: clock.load(Ordering::SeqCst),
    });
    SchedulerFixture {
        turns: FairScheduler::new(places, spare, clock),
        now,
    }
}

fn party(name: &str) -> Option<ParticipantId> {
    Some(name.parse().unwrap())
}

impl SchedulerFixture {
    /// A question with `slices` slices of `each` nanoseconds. It is runnable again after each slice.
    fn question(&self, of: &str, slices: u64, each: u64, had: &Rc<Cell<u64>>) -> BoxedTask {
        let (now, had) = (Arc::clone(&self.now), Rc::clone(had));
        let mut left = slices;
        Box::pin(self.turns.in_turn(
            party(of),
            poll_fn(move |context| {
                if left == 0 {
                    return Poll::Ready(());
                }
                left -= 1;
                now.fetch_add(each, Ordering::SeqCst);
                had.set(had.get() + each);
                context.waker().wake_by_ref();
                Poll::Pending
            }),
        ))
    }
}

type BoxedTask = Pin<Box<dyn Future<Output = ()>>>;

/// Polls the tasks in rotation on one thread, as a runtime does, until `enough`.
fn round(tasks: &mut Vec<BoxedTask>, enough: impl Fn() -> bool) {
    while !tasks.is_empty() && !enough() {
        tasks.retain_mut(|task| task.now_or_never().is_none());
    }
}

/// Twelve questions of one participant and one of another: each participant gets half of the time.
#[test]
fn who_asks_more_questions_gets_no_more() {
    let fixture = world(1);
    let [many, one] = [(); 2].map(|()| Rc::new(Cell::new(0)));
    let mut tasks: Vec<BoxedTask> = Vec::new();
    for _ in 0..12 {
        tasks.push(fixture.question("a.example", 1_000, 10, &many));
    }
    tasks.push(fixture.question("b.example", 1_000, 10, &one));
    round(&mut tasks, || one.get() >= 5_000);
    let (many_now, one_now) = (many.get(), one.get());
    assert!(
        many_now.abs_diff(one_now) <= 20,
        "{many_now} for twelve, {one_now} for one"
    );
    // The twelve questions alone get all the time.
    round(&mut tasks, || false);
    assert_eq!((many.get(), one.get()), (120_000, 10_000));
}

/// A participant without a running slice does not wait for the end of other slices. The extra place is temporary.
#[test]
fn who_has_nothing_running_begins_at_once() {
    let fixture = with_spare(1, 1);
    let waker = std::task::Waker::noop();
    let busy = ["a.example", "b.example", "b.example", "c.example"];
    let [one, two, more, last] = busy.map(|of| {
        fixture
            .turns
            .in_turn(party(of), std::future::pending::<()>())
    });
    let begins = |of: &ScheduledFuture<_>| {
        let number = of.turn.0.number;
        fixture.turns.lock().begin_slice(number, waker).0
    };
    assert!(begins(&one));
    assert!(begins(&two), "beside it, since it is another's");
    assert!(!begins(&more), "its participant has one");
    assert!(!begins(&last), "there is no place left");
    let number = two.turn.0.number;
    let [next, itself] = fixture.turns.lock().end_slice(number, 1);
    assert!(next.is_some() && itself.is_none());
    assert!(begins(&last), "of its participant nothing ran");
    assert!(!begins(&two));
    let number = last.turn.0.number;
    let [next, _] = fixture.turns.lock().end_slice(number, 1);
    assert!(next.is_some());
    assert!(begins(&more), "it waited for longer than the other");
    drop(more);
    assert!(begins(&two));
    drop((one, two, last));
    let board = fixture.turns.lock();
    assert_eq!((board.free, board.beside), (1, 0));
}

/// A job that yields and is runnable does not wait for the end of other slices, whatever its usage.
#[test]
fn who_yields_goes_on_beside() {
    let fixture = with_spare(1, 1);
    let waker = std::task::Waker::noop();
    let [one, another] = ["a.example", "b.example"]
        .map(|of| fixture.turns.in_turn(party(of), std::future::pending()));
    let number = |of: &ScheduledFuture<_>| of.turn.0.number;
    let begins = |of: &ScheduledFuture<super::PartyFuture<std::future::Pending<()>>>| {
        fixture.turns.lock().begin_slice(number(of), waker).0
    };
    let yields = |of: &ScheduledFuture<super::PartyFuture<std::future::Pending<()>>>| {
        let mut board = fixture.turns.lock();
        assert!(board.mark_runnable(number(of)).is_none());
        board.end_slice(number(of), 1_000)
    };
    assert!(begins(&one));
    assert!(begins(&another));
    for _ in 0..3 {
        let woken = yields(&another);
        assert_eq!(woken.into_iter().flatten().count(), 1);
        assert!(begins(&another));
    }
    // A yielding job in a regular place continues too, and the number of places does not grow.
    let _woken = yields(&one);
    assert!(begins(&one));
    let places = |board: &super::SchedulerState| (board.free, board.beside);
    assert_eq!(places(&fixture.turns.lock()), (0, 1));
    drop((one, another));
    let board = fixture.turns.lock();
    assert_eq!((board.free, board.beside), (1, 0));
}

/// A participant without questions gets no credit for that time.
#[test]
fn nobody_is_paid_for_having_asked_nothing() {
    let fixture = world(1);
    let [first, late] = [(); 2].map(|()| Rc::new(Cell::new(0)));
    let mut tasks: Vec<BoxedTask> = Vec::new();
    for _ in 0..2 {
        tasks.push(fixture.question("a.example", 1_000, 10, &first));
    }
    round(&mut tasks, || first.get() >= 4_000);
    tasks.push(fixture.question("b.example", 1_000, 10, &late));
    let before = first.get();
    round(&mut tasks, || late.get() >= 1_000);
    assert!((first.get() - before).abs_diff(late.get()) <= 40);
}

/// A small question beside seven large ones of its participant gets about half of their time, and the large ones still progress.
#[test]
fn a_small_question_is_over_soon_beside_large_ones() {
    let fixture = world(1);
    let [large, small] = [(); 2].map(|()| Rc::new(Cell::new(0)));
    let mut tasks: Vec<BoxedTask> = Vec::new();
    let slice = 1_000_000;
    for _ in 0..7 {
        tasks.push(fixture.question("a.example", 1_000, slice, &large));
    }
    round(&mut tasks, || large.get() >= 500 * slice);
    let before = large.get();
    tasks.push(fixture.question("a.example", 19, slice, &small));
    round(&mut tasks, || small.get() == 19 * slice);
    let beside = (large.get() - before) / slice;
    assert!(
        (10..=34).contains(&beside),
        "{beside} slices of the large ones beside 19 of the small one"
    );
    // A question that is no longer small gets the share of each other question.
    let mut late: Vec<BoxedTask> = vec![fixture.question("a.example", 1_000, slice, &small)];
    tasks.append(&mut late);
    round(&mut tasks, || small.get() >= 60 * slice);
    let before = (large.get(), small.get());
    round(&mut tasks, || small.get() >= before.1 + 10 * slice);
    let beside = (large.get() - before.0) / slice;
    assert!((60..=80).contains(&beside), "{beside} beside 10");
}

/// A question that has just begun does not wait for other slices of its participant, while one spare place remains for other
/// participants.
#[test]
fn who_has_just_begun_goes_on_beside() {
    let fixture = with_spare(1, 2);
    let waker = std::task::Waker::noop();
    let of = ["a.example", "a.example", "a.example", "b.example"];
    let [large, small, third, other] = of.map(|of| {
        fixture
            .turns
            .in_turn(party(of), std::future::pending::<()>())
    });
    let begins = |of: &ScheduledFuture<_>| {
        let number = of.turn.0.number;
        fixture.turns.lock().begin_slice(number, waker).0
    };
    assert!(begins(&large));
    assert!(begins(&small), "it has just begun");
    assert!(!begins(&third), "the last place is for another participant");
    assert!(begins(&other));
    // After enough usage the question yields and waits like the others.
    let number = small.turn.0.number;
    let mut board = fixture.turns.lock();
    assert!(board.mark_runnable(number).is_none());
    let _woken = board.end_slice(number, super::JUST_BEGUN);
    drop(board);
    assert!(!begins(&small));
    drop((large, small, third, other));
    let board = fixture.turns.lock();
    assert_eq!((board.free, board.beside), (1, 0));
    assert!(board.parties.is_empty() && board.jobs.is_empty());
}

/// A place that was granted to a dropped job goes to the next job.
#[test]
fn no_place_is_lost() {
    let fixture = world(1);
    let had = Rc::new(Cell::new(0));
    // Polled once, the job holds its place and is not polled again.
    let mut gone = fixture.question("a.example", 5, 10, &had);
    assert!((&mut gone).now_or_never().is_none());
    assert_eq!(had.get(), 10);
    let [mut waits, mut next] =
        ["a.example", "b.example"].map(|of| fixture.question(of, 5, 10, &had));
    for one in [&mut waits, &mut next] {
        assert!(one.now_or_never().is_none());
    }
    assert_eq!(had.get(), 10, "there is no place");
    drop(waits);
    drop(gone);
    assert!((&mut next).now_or_never().is_none());
    assert_eq!(had.get(), 20);
    drop(next);
    let board = fixture.turns.lock();
    assert!(board.parties.is_empty() && board.jobs.is_empty());
    assert_eq!(board.free, 1);
}

/// A job that waits for another event holds no place and resumes after its wake-up.
#[test]
fn who_waits_for_something_else_holds_no_place() {
    let fixture = world(1);
    let (send, receive) = futures::channel::oneshot::channel::<()>();
    let mut waits: BoxedTask = Box::pin(
        fixture
            .turns
            .in_turn(party("a.example"), receive.map(|_| ())),
    );
    assert!((&mut waits).now_or_never().is_none());
    assert_eq!(fixture.turns.lock().free, 1);
    send.send(()).unwrap();
    assert_eq!(fixture.turns.lock().free, 0);
    assert!((&mut waits).now_or_never().is_some());
    assert_eq!(fixture.turns.lock().free, 1);
}

/// A panicking job returns its place.
#[test]
fn what_falls_gives_its_place_back() {
    let fixture = world(1);
    let falls = async { panic!("as it is meant to") };
    let mut falls: Pin<Box<dyn Future<Output = ()>>> =
        Box::pin(fixture.turns.in_turn(party("a.example"), falls));
    let fell = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = (&mut falls).now_or_never();
    }));
    assert!(fell.is_err());
    drop(falls);
    assert_eq!(fixture.turns.lock().free, 1);
}
