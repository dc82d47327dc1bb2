//! Rate of logins that begin, so that nobody drives those of others out of the memory.

use crate::console::session::Browser;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::VecDeque;

/// Time over which logins are counted, microseconds.
const WINDOW: i64 = 60 * 1_000_000;

/// Most logins of one network in that time.
const MOST_OF_NETWORK: usize = 20;

/// Most logins of all in that time. In the ten minutes of a login, fewer begin than can wait.
const MOST: usize = 40;

/// Recent logins.
#[derive(Debug, Default)]
pub(super) struct LoginRate(VecDeque<BegunLogin>);

#[derive(Debug)]
struct BegunLogin {
    network: Vec<u8>,
    at: i64,
}

impl LoginRate {
    /// Counts a login that begins.
    ///
    /// # Errors
    /// `CONSOLE_BUSY` after too many of them.
    pub(super) fn count(&mut self, browser: &Browser, ticks: i64) -> Result<(), Refusal> {
        self.0
            .retain(|begun| ticks.saturating_sub(begun.at) < WINDOW);
        let network = browser.network();
        let own = self.0.iter().filter(|begun| begun.network == network);
        if self.0.len() >= MOST || own.count() >= MOST_OF_NETWORK {
            let sentence = "too many sign-ins began in the last minute";
            return Err(Refusal::new(ErrorCode::ConsoleBusy, sentence));
        }
        self.0.push_back(BegunLogin { network, at: ticks });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn logins_are_counted_by_network_and_in_all() {
        let browser = |third: u8| Browser {
            address: Some(IpAddr::V4(Ipv4Addr::new(10, 0, third, 1))),
            name: String::new(),
        };
        let mut rate = LoginRate::default();
        for network in 1..=2 {
            for _ in 0..MOST_OF_NETWORK {
                rate.count(&browser(network), 0).unwrap();
            }
        }
        for network in 1..=3 {
            let refused = rate.count(&browser(network), WINDOW - 1).unwrap_err();
            assert_eq!(refused.code, ErrorCode::ConsoleBusy);
        }
        rate.count(&browser(1), WINDOW).unwrap();
    }
}
