//! A relay on the way to a participant: counts what passes, and makes the way as slow as a link is.

use crate::detached_thread::leave;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkProfile {
    /// Bits in a second, each way.
    pub bits: u64,
    /// How long each byte is on its way, one way.
    pub delay: Duration,
}

/// A relay; its threads end with the connections that pass through it.
#[derive(Debug)]
pub struct NetworkRelay {
    address: String,
    counts: Arc<[AtomicU64; 2]>,
}

impl NetworkRelay {
    /// A relay to that address, as fast as this machine unless a link is given.
    ///
    /// # Panics
    /// When no port can be opened.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its relay")]
    pub fn to(address: &str, link: Option<LinkProfile>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let own = listener.local_addr().expect("the port is known");
        let counts: Arc<[AtomicU64; 2]> = Arc::default();
        let (target, counted) = (address.to_owned(), Arc::clone(&counts));
        leave(std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&target) else {
                    continue;
                };
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                let (Ok(back), Ok(forth)) = (near.try_clone(), far.try_clone()) else {
                    continue;
                };
                carry(near, forth, &counted, 0, link);
                carry(far, back, &counted, 1, link);
            }
        }));
        Self {
            address: own.to_string(),
            counts,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Bytes so far: to the participant, and from it.
    #[must_use]
    pub fn passed(&self) -> (u64, u64) {
        let [to, from] = &*self.counts;
        (to.load(Ordering::Relaxed), from.load(Ordering::Relaxed))
    }
}

/// What is on its way, and when it arrives.
type DelayedChunk = (Instant, Vec<u8>);

/// Chunks under way: enough for a link of a gigabit and 50 ms.
const UNDER_WAY: usize = 512;

fn carry(
    from: TcpStream,
    to: TcpStream,
    counts: &Arc<[AtomicU64; 2]>,
    way: usize,
    link: Option<LinkProfile>,
) {
    let (send, receive) = sync_channel(UNDER_WAY);
    let counts = Arc::clone(counts);
    leave(std::thread::spawn(move || {
        take(from, &send, &counts, way, link);
    }));
    leave(std::thread::spawn(move || hand(to, &receive)));
}

/// Reads at the pace of the link.
fn take(
    mut from: TcpStream,
    send: &SyncSender<DelayedChunk>,
    counts: &[AtomicU64; 2],
    way: usize,
    link: Option<LinkProfile>,
) {
    let mut buffer = vec![0; 16 * 1024];
    let mut free = Instant::now();
    while let Ok(length) = from.read(&mut buffer) {
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        if let Some(count) = counts.get(way) {
            count.fetch_add(u64::try_from(length).unwrap_or(0), Ordering::Relaxed);
        }
        let mut arrives = Instant::now();
        if let Some(link) = link {
            let bits = u64::try_from(length).unwrap_or(0).saturating_mul(8);
            let nanos = bits.saturating_mul(1_000_000_000) / link.bits.max(1);
            free = free.max(arrives) + Duration::from_nanos(nanos);
            std::thread::sleep(free.saturating_duration_since(Instant::now()));
            arrives = free + link.delay;
        }
        if send.send((arrives, bytes.to_vec())).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Read);
}

/// Writes what has arrived.
fn hand(mut to: TcpStream, receive: &Receiver<DelayedChunk>) {
    while let Ok((arrives, bytes)) = receive.recv() {
        std::thread::sleep(arrives.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
