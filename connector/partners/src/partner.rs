//! Partner as a sender and receiver of messages.

use hansa_node::config::web_origin;
use hansa_transport::dataspace::client::PartnerCredential;

/// Configured connector of another vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Name of the partner in the configuration.
    pub(crate) name: String,
    /// Participant ID in the protocol.
    pub(crate) protocol_id: String,
    /// Address for messages of version 2025-1, without a slash at the end.
    pub(crate) address: String,
    /// True for a control plane of EDC 0.14, which has its own paths for messages.
    pub(crate) is_edc: bool,
    /// Credential that is presented to the partner.
    pub(crate) credential: Option<PartnerCredential>,
}

impl Partner {
    /// Checks that messages may go to an address: it has the scheme, host and port of the configuration. No other address is
    /// dialled, even if a message names it.
    pub(crate) fn owns_address(&self, address: &str) -> bool {
        web_origin::is_below(&self.address, address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_to_the_host_of_the_configuration_alone() {
        let partner = Partner {
            name: "firm".to_owned(),
            protocol_id: "did:web:firm.example".to_owned(),
            address: "https://firm.example/dsp/2025-1".to_owned(),
            is_edc: false,
            credential: None,
        };
        for own in [
            "https://firm.example/dsp/2025-1",
            "https://firm.example:443/elsewhere",
            "https://FIRM.example",
        ] {
            assert!(partner.owns_address(own), "{own}");
        }
        for other in [
            "http://firm.example/dsp/2025-1",
            "https://firm.example:8443/dsp",
            "https://firm.example.evil.example/",
            "https://firm.example@evil.example/",
            "https://evil.example/firm.example",
            "https://169.254.169.254/latest",
            "https://firm.example\\@evil.example/",
            "https://firm.example/../admin",
            "file:///etc/passwd",
            "https://firm.example/a?b#c",
            "",
        ] {
            assert!(!partner.owns_address(other), "{other}");
        }
    }
}
