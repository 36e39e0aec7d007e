//! The rules of the layers as a table. ARCHITECTURE.md has the reasons.

/// What each crate of the workspace may depend on.
pub(super) struct Rules {
    /// The one crate of the workspace that every library may use. It uses none itself.
    pub(super) vocabulary: &'static str,
    /// The crates that see all others. Every other member is a library.
    pub(super) tops: &'static [&'static str],
    /// Dependencies between libraries that are allowed all the same.
    pub(super) exceptions: &'static [Exception],
    /// Packages that only some members reach.
    pub(super) families: &'static [Family],
    /// Members that build in seconds: they reach no family, not even through its gates.
    pub(super) light: &'static [&'static str],
    /// Packages that only some members depend on directly; for tests everyone may.
    pub(super) direct_only: &'static [DirectOnly],
    /// Packages that a library has behind a feature or for its tests.
    pub(super) optional_in_libraries: &'static [&'static str],
    /// Names of the rules above that no package has yet.
    pub(super) may_be_absent: &'static [&'static str],
}

/// A library that depends on another. ARCHITECTURE.md has a line "`from` -> `to`" with the reason.
pub(super) struct Exception {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

/// The package `name` and all that are called `name-...`.
pub(super) struct Family {
    pub(super) name: &'static str,
    /// The members through which the others reach it.
    pub(super) gates: &'static [&'static str],
}

/// A package and the members that may depend on it directly.
pub(super) struct DirectOnly {
    pub(super) package: &'static str,
    pub(super) members: &'static [&'static str],
}

impl Family {
    pub(super) fn has(&self, package: &str) -> bool {
        package.strip_prefix(self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

impl Rules {
    /// Every name that a rule is about.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let exceptions = self.exceptions.iter().flat_map(|exception| [exception.from, exception.to]);
        let families = self.families.iter().flat_map(|rule| rule.gates.iter().copied().chain([rule.name]));
        let direct = self.direct_only.iter().flat_map(|rule| rule.members.iter().copied().chain([rule.package]));
        let others = [self.tops, self.light, self.optional_in_libraries].into_iter().flatten().copied();
        std::iter::once(self.vocabulary).chain(exceptions).chain(families).chain(direct).chain(others)
    }
}

pub(super) const RULES: Rules = Rules {
    vocabulary: "concord-core",
    tops: &["concord-cli", "concord-tests", "xtask"],
    exceptions: &[],
    families: &[Family { name: "hdf5-metno", gates: &[] }, Family { name: "burn", gates: &["concord-model"] }],
    light: &[
        "concord-core",
        "concord-io",
        "concord-prep",
        "concord-attr",
        "concord-embed",
        "concord-enrich",
        "concord-plot",
        "concord-simulate",
        "xtask",
    ],
    direct_only: &[
        DirectOnly { package: "anyhow", members: &["concord-cli", "xtask"] },
        DirectOnly { package: "miette", members: &["concord-cli", "xtask"] },
    ],
    optional_in_libraries: &["clap"],
    may_be_absent: &["hdf5-metno"],
};
