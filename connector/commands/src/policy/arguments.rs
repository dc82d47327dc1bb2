//! The verbs of `hansa policy`: the terms of the own offers.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa policy list`
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct PolicyListArgs {
    /// Only those of offers behind this line of the configuration
    #[arg(long, value_name = "LINE")]
    pub after: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
}

/// `hansa policy …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyCommand {
    /// Lists the policies of the own offers
    #[command(after_help = "Example: hansa policy list")]
    List(PolicyListArgs),
    /// Shows one policy in plain language
    #[command(after_help = "Example: hansa policy show mobility-research --odrl")]
    Show {
        /// The policy's name or file
        policy: String,
        /// As ODRL
        #[arg(long, conflicts_with = "toml")]
        odrl: bool,
        /// As it is written
        #[arg(long)]
        toml: bool,
        /// The own dataset to which a draft that no offer uses yet would apply
        #[arg(long)]
        dataset: Option<String>,
        /// The own dataset whose offer is meant, where several offers use the policy
        #[arg(long, value_name = "DATASET", conflicts_with = "dataset")]
        offered_for: Option<String>,
        /// Language of the clauses: en, de or pt; absent: en
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "de", "pt"])]
        language: Option<String>,
    },
    /// Shows what a changed policy would let out or take away, by clause and by contract
    #[command(
        after_help = "Example: hansa policy diff mobility-research policies/wider.toml --dataset bike_counts"
    )]
    Diff {
        /// The policy as it is: its name or file
        old: String,
        /// The policy as it would be
        new: String,
        /// The own dataset to which drafts that no offer uses yet would apply
        #[arg(long)]
        dataset: Option<String>,
    },
    /// Lists every term of policies, where it is executed, and the code with which it refuses
    #[command(after_help = "Example: hansa policy terms --json")]
    Terms,
    /// Shows the holes of a policy template, or fills them and writes the policy; needs no connector
    #[command(
        after_help = "Example: hansa policy template templates/mobility_basic.toml --set rows=10000 --set until=2027-12-31 --author munster.example --output policies/mobility.toml"
    )]
    Template {
        /// The template's file
        file: PathBuf,
        /// The value of a hole; once for each hole
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
        /// Author of the template; each contract that is made from the policy names it
        #[arg(long, value_name = "PARTICIPANT", requires = "set")]
        author: Option<String>,
        /// Where to write the policy; absent: standard output
        #[arg(short, long, requires = "set")]
        output: Option<PathBuf>,
    },
    /// Downloads a policy template that another participant publishes; without a name, lists its templates
    #[command(
        after_help = "Example: hansa policy clone munster mobility_basic --output templates/mobility_basic.toml"
    )]
    Clone {
        /// The participant: its alias or identity
        participant: String,
        /// The template
        name: Option<String>,
        /// Where to write it; absent: templates/NAME.toml beside the configuration
        #[arg(short, long, requires = "name")]
        output: Option<PathBuf>,
    },
    /// Checks policies for mistakes and risks
    #[command(
        after_help = "Example: hansa policy check policies/mobility-research.toml --dataset bike_counts"
    )]
    Check {
        /// Files; absent: those of all offers
        policies: Vec<String>,
        /// The own dataset to which drafts that no offer uses yet would apply
        #[arg(long, requires = "policies")]
        dataset: Option<String>,
    },
    /// Writes the text of a policy, after it was checked, and puts it in force
    ///
    /// The text comes from a file or from standard input. A policy that is there already is replaced only where --if-digest names the SHA-256
    /// that `hansa policy show NAME --json` tells; a new policy needs --dataset. Who changed it is in the log before the file changes.
    #[command(
        after_help = "Example: hansa policy put mobility-research wider.toml --if-digest 3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b"
    )]
    Put {
        /// The policy's name
        name: String,
        /// The file with the text; absent or -: standard input
        file: Option<PathBuf>,
        /// The text of that file
        #[arg(skip)]
        policy_text: Option<String>,
        /// SHA-256 of the policy that is replaced; absent: the policy is new
        #[arg(long, value_name = "SHA256")]
        if_digest: Option<String>,
        /// The own dataset to which a policy that no offer uses yet would apply
        #[arg(long)]
        dataset: Option<String>,
        /// Language of the clauses: en, de or pt; absent: en
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "de", "pt"])]
        language: Option<String>,
    },
}
