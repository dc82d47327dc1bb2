//! Connections that have proven nothing yet: how many there may be, and which of them make way when more come.
//!
//! Whoever can reach a port can open connections and say nothing. None of them may keep another one out, so whoever comes
//! is always let in, and over the bound the oldest of the most crowded source goes. Where connections of members have come
//! from before there are places of their own, so that no crowd of strangers takes them.

use crate::member_hosts::MemberHosts;
use crate::peer::settings::UnprovenBounds;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// Where a connection comes from, as far as whoever opens it can't choose that freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ConnectionSource {
    /// An address of IPv4.
    V4(Ipv4Addr),
    /// A network of IPv6, by its first 64 bits: who has one address of it has them all.
    V6([u16; 4]),
    /// A user of this machine.
    User(u32),
    /// None that is known.
    Unknown,
}

impl From<Option<IpAddr>> for ConnectionSource {
    fn from(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(IpAddr::V4(address)) => Self::V4(address),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// The unproven connections of one face.
#[derive(Debug)]
pub(crate) struct UnprovenConnections {
    bounds: UnprovenBounds,
    hosts: Arc<MemberHosts>,
    state: Mutex<UnprovenState>,
}

/// One of them; dropping it says that it is none any more.
#[derive(Debug)]
pub(crate) struct UnprovenConnection {
    number: u64,
    all: Arc<UnprovenConnections>,
    ended: oneshot::Receiver<()>,
    has_ended: bool,
}

#[derive(Debug, Default)]
struct UnprovenState {
    next: u64,
    waiting: BTreeMap<u64, UnprovenEntry>,
    counts: HashMap<ConnectionSource, usize>,
    /// Where members came from, each with the number of the last connection.
    known: HashMap<ConnectionSource, u64>,
}

#[derive(Debug)]
struct UnprovenEntry {
    source: ConnectionSource,
    is_member: bool,
    is_silent: bool,
    end: oneshot::Sender<()>,
}

impl UnprovenConnections {
    pub(crate) fn new(bounds: UnprovenBounds, hosts: Arc<MemberHosts>) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            hosts,
            state: Mutex::default(),
        })
    }

    /// Lets one in; where that is one too many, another one is ended.
    pub(crate) fn admit(self: &Arc<Self>, source: ConnectionSource) -> UnprovenConnection {
        let listed = self
            .hosts
            .any(|host| ConnectionSource::from(Some(host)) == source);
        let mut state = self.state.lock();
        let is_member = listed || state.known.contains_key(&source);
        let all = if is_member {
            self.bounds.members
        } else {
            self.bounds.strangers
        };
        let of_the_same = |one: &UnprovenEntry| one.is_member == is_member;
        if state.counts.get(&source).copied().unwrap_or(0) >= self.bounds.each {
            state.end_one(|one| one.source == source);
        } else if state
            .waiting
            .values()
            .filter(|one| of_the_same(one))
            .count()
            >= all
        {
            state.end_one(of_the_same);
        }
        let number = state.next;
        state.next = number.wrapping_add(1);
        let (end, ended) = oneshot::channel();
        let waiting = UnprovenEntry {
            source,
            is_member,
            is_silent: true,
            end,
        };
        state.waiting.insert(number, waiting);
        let count = state.counts.entry(source).or_default();
        *count = count.saturating_add(1);
        UnprovenConnection {
            number,
            all: Arc::clone(self),
            ended,
            has_ended: false,
        }
    }

    /// Ends one, so that what it holds can be used by another.
    pub(crate) fn make_room(&self) {
        self.state.lock().end_one(|_| true);
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.state.lock().waiting.len()
    }
}

impl UnprovenState {
    /// Ends one of these: of the most crowded source, a silent one before one that has said something, the oldest first.
    fn end_one(&mut self, among: impl Fn(&UnprovenEntry) -> bool) {
        let first = self
            .waiting
            .iter()
            .filter(|(_, one)| among(one))
            .max_by_key(|(number, one)| {
                let crowding = self.counts.get(&one.source).copied().unwrap_or(0);
                (crowding, one.is_silent, std::cmp::Reverse(**number))
            })
            .map(|(number, _)| *number);
        if let Some(one) = first.and_then(|number| self.remove(number)) {
            // Who is not there any more has ended already.
            let _ = one.end.send(());
        }
    }

    fn remove(&mut self, number: u64) -> Option<UnprovenEntry> {
        let one = self.waiting.remove(&number)?;
        if let Some(count) = self.counts.get_mut(&one.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.counts.remove(&one.source);
            }
        }
        Some(one)
    }

    /// Notes that a member came from there; of too many sources the one that was seen longest ago is forgotten.
    fn know(&mut self, source: ConnectionSource) {
        self.known.insert(source, self.next);
        if self.known.len() > KNOWN {
            let oldest = self.known.iter().min_by_key(|(_, last)| **last);
            if let Some(oldest) = oldest.map(|(source, _)| *source) {
                self.known.remove(&oldest);
            }
        }
    }
}

/// So many sources of members are remembered.
const KNOWN: usize = 4096;

impl UnprovenConnection {
    /// Its first bytes are there.
    pub(crate) fn has_spoken(&self) {
        if let Some(one) = self.all.state.lock().waiting.get_mut(&self.number) {
            one.is_silent = false;
        }
    }

    /// It is a member's: from now on its source has places of its own, and strangers do not make it go.
    pub(crate) fn is_proven(&self) {
        let mut state = self.all.state.lock();
        let Some(one) = state.waiting.get_mut(&self.number) else {
            return;
        };
        one.is_member = true;
        let source = one.source;
        state.know(source);
    }

    /// Waits until it must make way.
    pub(crate) async fn must_end(&mut self) {
        std::future::poll_fn(|context| self.poll_must_end(context)).await
    }

    /// The same as a step of a larger one.
    pub(crate) fn poll_must_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.has_ended {
            return Poll::Ready(());
        }
        Pin::new(&mut self.ended).poll(context).map(|_| {
            self.has_ended = true;
        })
    }
}

impl Drop for UnprovenConnection {
    fn drop(&mut self) {
        self.all.state.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests;
