//! From where members are expected to call.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hosts of members, whose connections come before those of strangers from the start.
#[derive(Debug, Default)]
pub struct MemberHosts(Mutex<BTreeSet<IpAddr>>);

impl MemberHosts {
    /// Puts other hosts in the place of these.
    pub fn set(&self, hosts: impl IntoIterator<Item = IpAddr>) {
        *self.hosts() = hosts.into_iter().map(|host| host.to_canonical()).collect();
    }

    pub(crate) fn any(&self, is: impl Fn(IpAddr) -> bool) -> bool {
        self.hosts().iter().any(|host| is(*host))
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeSet<IpAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
