//! Ports for programs that have to be told theirs before they listen.

use parking_lot::Mutex;
use std::net::TcpListener;

/// Ports that nobody listens on. They lie below those that the system gives to connections by itself, so none is taken by a
/// connection until its program listens; and no other test of this process gets them.
///
/// # Panics
/// When there are too few.
#[must_use]
pub fn find_free_ports<const N: usize>() -> [u16; N] {
    [(); N].map(|()| find_free_port())
}

#[expect(clippy::panic, reason = "a harness reports by failing the test")]
fn find_free_port() -> u16 {
    let mut given = GIVEN.lock();
    // Other processes of tests begin elsewhere.
    let begin = std::process::id().wrapping_mul(7_919) % COUNT;
    let places = (begin..COUNT).chain(0..begin);
    let ports = places.filter_map(|place| u16::try_from(place.saturating_add(FIRST)).ok());
    for port in ports {
        if !given.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            given.push(port);
            return port;
        }
    }
    panic!("no port is free");
}

/// The lowest port that is given.
const FIRST: u32 = 12_000;
/// The number of ports that may be given: all are below 32768, where Linux begins by itself.
const COUNT: u32 = 20_000;

/// The ports that tests of this process were given.
static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
