//! Unproven connections: their limits, and the choice of those that make room for new ones.
//!
//! Everybody who reaches a port can open connections and stay silent. None of them may lock out others. So every new connection is
//! admitted, and above the limit the oldest one of the source with the most connections is ended. Sources from which members have
//! connected before have separate places, which strangers can't take.

use crate::member_hosts::MemberHosts;
use crate::peer::settings::UnprovenBounds;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// Source of a connection, as far as the caller can't choose it freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ConnectionSource {
    /// IPv4 address.
    V4(Ipv4Addr),
    /// IPv6 network of 64 bits, since the owner of one address usually owns the whole network.
    V6([u16; 4]),
    /// User of this machine.
    User(u32),
    /// Unknown source.
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

/// Unproven connections of one server.
#[derive(Debug)]
pub(crate) struct UnprovenConnections {
    bounds: UnprovenBounds,
    hosts: Arc<MemberHosts>,
    state: Mutex<UnprovenState>,
}

/// One unproven connection. Dropping it removes it from the count.
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
    /// Sources of members, each with the number of its last connection.
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

    /// Admits a connection. Above the limit another one is ended.
    pub(crate) fn admit(self: &Arc<Self>, source: ConnectionSource) -> UnprovenConnection {
        let listed = self
            .hosts
            .has_matching_host(|host| ConnectionSource::from(Some(host)) == source);
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

    /// Ends one connection, to free its resources for another.
    pub(crate) fn make_room(&self) {
        self.state.lock().end_one(|_| true);
    }

    /// Number of unproven connections.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.state.lock().waiting.len()
    }
}

impl UnprovenState {
    /// Ends one of these connections: of the source with the most, a silent one first, the oldest first.
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
            // A missing receiver has ended already.
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

    /// Remembers the source of a member. Above the limit, the source seen longest ago is forgotten.
    fn remember_source(&mut self, source: ConnectionSource) {
        self.known.insert(source, self.next);
        if self.known.len() > KNOWN {
            let oldest = self.known.iter().min_by_key(|(_, last)| **last);
            if let Some(oldest) = oldest.map(|(source, _)| *source) {
                self.known.remove(&oldest);
            }
        }
    }
}

/// Largest number of remembered sources.
const KNOWN: usize = 4096;

impl UnprovenConnection {
    /// Notes that the first bytes have arrived.
    pub(crate) fn has_spoken(&self) {
        if let Some(one) = self.all.state.lock().waiting.get_mut(&self.number) {
            one.is_silent = false;
        }
    }

    /// Notes that the connection belongs to a member. Its source then has separate places, which strangers can't take.
    pub(crate) fn is_proven(&self) {
        let mut state = self.all.state.lock();
        let Some(one) = state.waiting.get_mut(&self.number) else {
            return;
        };
        one.is_member = true;
        let source = one.source;
        state.remember_source(source);
    }

    /// Waits until the connection must make room.
    pub(crate) async fn must_end(&mut self) {
        std::future::poll_fn(|context| self.poll_must_end(context)).await
    }

    /// Polls whether the connection must make room.
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
