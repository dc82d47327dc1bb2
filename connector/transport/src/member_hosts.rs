//! Hosts from which members are expected to connect.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Hosts of members. Their connections have separate places from the start, which strangers can't take.
#[derive(Debug, Default)]
pub struct MemberHosts(Mutex<BTreeSet<IpAddr>>);

impl MemberHosts {
    /// Replaces the hosts.
    pub fn set(&self, hosts: impl IntoIterator<Item = IpAddr>) {
        *self.0.lock() = hosts.into_iter().map(|host| host.to_canonical()).collect();
    }

    pub(crate) fn has_matching_host(&self, is: impl Fn(IpAddr) -> bool) -> bool {
        self.0.lock().iter().any(|host| is(*host))
    }
}
