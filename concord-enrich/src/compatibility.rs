/// Whose conventions a test follows where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Compatibility {
    /// The statistically sound choice: every eligible set counts as a test, and no p-value of permutations is 0
    #[default]
    None,
    /// What gseapy 1.3.1 does: sets that share no gene with the list are not counted, and p-values may be 0
    Gseapy,
}
