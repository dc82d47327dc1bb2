//! A relay on the way to a participant that breaks all connections once, at the byte that a test names.

use crate::detached_thread::leave;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// The moment to break: asked before each piece that comes from the participant is passed on, with its length.
pub type BreakCondition = Box<dyn FnMut(usize) -> bool + Send>;

/// A relay; its threads end with the connections that pass through it.
#[derive(Debug)]
pub struct BreakingRelay {
    address: String,
    state: Arc<Mutex<RelayState>>,
}

#[derive(Default)]
struct RelayState {
    condition: Option<BreakCondition>,
    has_broken: bool,
    /// Both ends of each connection that was opened since the break.
    open: Vec<[TcpStream; 2]>,
}

impl std::fmt::Debug for RelayState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayState")
            .field("has_broken", &self.has_broken)
            .finish_non_exhaustive()
    }
}

impl BreakingRelay {
    /// A relay to that address, which breaks nothing yet.
    ///
    /// # Panics
    /// When no port can be opened.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its relay")]
    pub fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let own = listener.local_addr().expect("the port is known");
        let state: Arc<Mutex<RelayState>> = Arc::default();
        let (target, shared) = (address.to_owned(), Arc::clone(&state));
        leave(std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if let Ok(far) = TcpStream::connect(&target) {
                    connect([near, far], &shared);
                }
            }
        }));
        Self {
            address: own.to_string(),
            state,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Breaks all connections, once, where the condition holds. The piece that it was asked about does not arrive, and all pieces
    /// before it do.
    pub fn break_when(&self, condition: BreakCondition) {
        locked(&self.state, |state| state.condition = Some(condition));
    }

    /// Says whether it has broken what passed.
    #[must_use]
    pub fn has_broken(&self) -> bool {
        locked(&self.state, |state| state.has_broken)
    }
}

fn locked<T>(state: &Mutex<RelayState>, act: impl FnOnce(&mut RelayState) -> T) -> T {
    act(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
}

fn connect(ends: [TcpStream; 2], state: &Arc<Mutex<RelayState>>) {
    let [near, far] = &ends;
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (Ok(from_near), Ok(to_far)) = (near.try_clone(), far.try_clone()) else {
        return;
    };
    let (Ok(from_far), Ok(to_near)) = (far.try_clone(), near.try_clone()) else {
        return;
    };
    locked(state, |state| state.open.push(ends));
    leave(std::thread::spawn(move || {
        pass(from_near, to_far, |_| true);
    }));
    let shared = Arc::clone(state);
    leave(std::thread::spawn(move || {
        pass(from_far, to_near, |length| {
            locked(&shared, |state| state.is_passed(length))
        });
    }));
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut is_passed: impl FnMut(usize) -> bool) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        if !is_passed(length) || to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

impl RelayState {
    /// Looks at a piece before it is passed on, and breaks all that is open where its moment has come.
    fn is_passed(&mut self, length: usize) -> bool {
        let is_over = self
            .condition
            .as_mut()
            .is_some_and(|condition| condition(length));
        if !is_over {
            return true;
        }
        self.condition = None;
        self.has_broken = true;
        for [near, far] in self.open.drain(..) {
            // What was passed on before still arrives.
            let _ = near.shutdown(Shutdown::Write);
            let _ = far.shutdown(Shutdown::Both);
        }
        false
    }
}
