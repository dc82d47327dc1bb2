//! From where members are expected to call.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Hosts of members, whose connections come before those of strangers from the start.
#[derive(Debug, Default)]
pub struct MemberHosts(Mutex<BTreeSet<IpAddr>>);

impl MemberHosts {
    /// Puts other hosts in the place of these.
    pub fn set(&self, hosts: impl IntoIterator<Item = IpAddr>) {
        *self.0.lock() = hosts.into_iter().map(|host| host.to_canonical()).collect();
    }

    pub(crate) fn any(&self, is: impl Fn(IpAddr) -> bool) -> bool {
        self.0.lock().iter().any(|host| is(*host))
    }
}
