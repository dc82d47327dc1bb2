//! Tests of the choice of connections that make room.

use super::{ConnectionSource, UnprovenConnection, UnprovenConnections};
use crate::member_hosts::MemberHosts;
use crate::peer::settings::UnprovenBounds;
use std::net::IpAddr;
use std::sync::Arc;

fn from(address: &str) -> ConnectionSource {
    ConnectionSource::from(Some(address.parse::<IpAddr>().unwrap()))
}

fn all(each: usize, strangers: usize, members: usize) -> Arc<UnprovenConnections> {
    let bounds = UnprovenBounds {
        each,
        strangers,
        members,
    };
    UnprovenConnections::new(bounds, Arc::default())
}

fn has_ended(one: &mut UnprovenConnection) -> bool {
    one.ended.try_recv().is_ok()
}

#[test]
fn of_one_source_the_oldest_silent_one_makes_way() {
    let all = all(2, 10, 10);
    let mut first = all.admit(from("10.0.0.1"));
    first.has_spoken();
    let mut second = all.admit(from("10.0.0.1"));
    let mut third = all.admit(from("10.0.0.1"));
    assert!(has_ended(&mut second) && !has_ended(&mut first));
    third.has_spoken();
    let mut fourth = all.admit(from("10.0.0.1"));
    assert!(has_ended(&mut first) && !has_ended(&mut third) && !has_ended(&mut fourth));
    assert_eq!(all.count(), 2);
    drop((third, fourth));
    assert_eq!(all.count(), 0);
}

#[test]
fn of_many_the_most_crowded_source_makes_way() {
    let all = all(3, 4, 10);
    let mut lonely = all.admit(from("10.0.0.1"));
    let mut connections: Vec<_> = (0..3).map(|_| all.admit(from("10.0.0.2"))).collect();
    let mut other = all.admit(from("10.0.0.3"));
    assert!(has_ended(&mut connections[0]) && !has_ended(&mut lonely));
    let mut next = all.admit(from("10.0.0.4"));
    assert!(has_ended(&mut connections[1]));
    // Each source has one: the oldest is ended.
    let mut last = all.admit(from("10.0.0.5"));
    assert!(has_ended(&mut lonely));
    for one in [&mut connections[2], &mut other, &mut next, &mut last] {
        assert!(!has_ended(one));
    }
}

#[test]
fn no_crowd_of_strangers_takes_the_places_of_members() {
    let all = all(4, 4, 4);
    let member = all.admit(from("192.0.2.1"));
    member.is_proven();
    drop(member);
    let mut members: Vec<_> = (0..3).map(|_| all.admit(from("192.0.2.1"))).collect();
    let strangers: Vec<_> = (0..200)
        .map(|number| all.admit(from(&format!("10.0.0.{number}"))))
        .collect();
    assert!(members.iter_mut().all(|one| !has_ended(one)));
    assert_eq!(all.count(), 3 + 4);
    // A proven connection is not ended for others.
    let mut proven = all.admit(from("10.0.1.1"));
    proven.is_proven();
    for number in 0..200 {
        drop(all.admit(from(&format!("10.0.2.{number}"))));
        let _one = all.admit(from(&format!("10.0.3.{number}")));
    }
    assert!(!has_ended(&mut proven));
    drop(strangers);
}

#[test]
fn a_host_that_is_listed_counts_from_the_start() {
    let hosts = Arc::new(MemberHosts::default());
    hosts.set(["::ffff:192.0.2.1".parse().unwrap()]);
    let bounds = UnprovenBounds {
        each: 1,
        strangers: 1,
        members: 1,
    };
    let all = UnprovenConnections::new(bounds, hosts);
    let mut member = all.admit(from("192.0.2.1"));
    let mut stranger = all.admit(from("192.0.2.2"));
    let _another = all.admit(from("192.0.2.3"));
    assert!(has_ended(&mut stranger) && !has_ended(&mut member));
    all.make_room();
    all.make_room();
    assert_eq!(all.count(), 0);
}

#[test]
fn a_network_of_ipv6_is_one_source() {
    assert_eq!(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff::1"));
    assert_ne!(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
    assert_eq!(from("::ffff:10.0.0.1"), from("10.0.0.1"));
    assert_ne!(from("10.0.0.1"), from("10.0.0.2"));
}
