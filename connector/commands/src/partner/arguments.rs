//! The verbs of `hansa partner`: connectors of other makes.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa partner …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerCommand {
    /// Lists the partners of the configuration, with their negotiations and transfers
    #[command(after_help = "Example: hansa partner list")]
    List,
    /// Lists what a partner offers
    #[command(after_help = "Example: hansa partner catalog firm")]
    Catalog {
        /// Its name in the configuration
        partner: String,
    },
    /// Shows what is offered to a partner, as policies that the own control plane must offer word for word
    #[command(after_help = "Example: hansa partner policy firm --json")]
    Policy {
        /// Its name in the configuration
        partner: String,
    },
    /// Asks a partner for a contract on exactly one of its offers
    #[command(after_help = "Example: hansa partner request firm air_hourly")]
    Request {
        /// Its name in the configuration
        partner: String,
        /// The dataset, or where it has several the offer, as its catalogue names it
        offer: String,
    },
    /// Shows the current terms of a negotiation: the offer, its rules, and their digest
    #[command(
        after_help = "Example: hansa partner show urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77"
    )]
    Show {
        /// The negotiation
        process: String,
    },
    /// Continues a negotiation that waits for this participant: agrees as provider, accepts as consumer
    #[command(after_help = "Example: hansa partner agree PROCESS --terms TERMS")]
    Agree {
        /// The negotiation
        process: String,
        /// Digest of the terms, as hansa partner show gives it; refused if the partner has changed them since
        #[arg(long)]
        terms: String,
    },
    /// Ends a negotiation or a transfer
    #[command(
        after_help = "Example: hansa partner end urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77 --reason \"not needed\""
    )]
    End {
        /// The negotiation or the transfer
        process: String,
        /// Why; the partner reads it
        #[arg(long)]
        reason: String,
    },
    /// Asks a partner for the data of an agreement, and writes it to a file
    #[command(after_help = "Example: hansa partner fetch firm AGREEMENT -o air.csv")]
    Fetch {
        /// Its name in the configuration
        partner: String,
        /// The agreement, as hansa partner list shows it
        agreement: String,
        /// The format, as its catalogue names it
        #[arg(long, default_value = "HttpData-PULL")]
        format: String,
        /// The file to write
        #[arg(short, long)]
        output: PathBuf,
        /// The most mebibytes to take
        #[arg(long, default_value_t = 10_240)]
        most: u64,
    },
    /// Writes the data of a flow that the own control plane has started to a file
    #[command(after_help = "Example: hansa partner collect PROCESS -o air.csv")]
    Collect {
        /// The data flow, as hansa partner list shows it
        process: String,
        /// The file to write
        #[arg(short, long)]
        output: PathBuf,
        /// The most mebibytes to take
        #[arg(long, default_value_t = 10_240)]
        most: u64,
    },
    /// Runs the Dataspace Protocol from a table, without contracts and data, for a conformance kit on this machine
    #[command(after_help = "Example: hansa partner trial table.json --listen 127.0.0.1:8282")]
    Trial {
        /// The table of the automatic step in each state
        table: PathBuf,
        /// An address of this machine
        #[arg(long, default_value = "127.0.0.1:8282")]
        listen: String,
    },
}
