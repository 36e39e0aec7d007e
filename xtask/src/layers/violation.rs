//! What can be wrong, and what to do about it.

use std::fmt;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Violation {
    /// A library depends on another member than the vocabulary.
    Star { from: String, to: String, is_dev: bool },
    /// A member reaches a family of packages where it must not.
    Reach { family: String, path: String, is_light: bool },
    /// A member depends on a package that is for others.
    Direct { from: String, to: String },
    /// A library cannot be had without this package.
    NotOptional { from: String, to: String },
    /// An exception that nothing needs.
    UnusedException { from: String, to: String },
    /// An exception that ARCHITECTURE.md does not have.
    UnwrittenException { line: String },
    /// A name in a rule that no package has.
    UnknownName { name: String },
    /// A name that is said to be absent, and is not.
    NotAbsent { name: String },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star { from, to, is_dev: false } => write!(
                f,
                "{from} depends on {to}: libraries meet in the types of concord-core; pass plain data, from concord-cli"
            ),
            Self::Star { from, to, is_dev: true } => {
                write!(f, "the tests of {from} depend on {to}: move the test to tests/")
            }
            Self::Reach { family, path, is_light: true } => {
                write!(f, "{path}: this crate builds in seconds and must not reach {family} at all")
            }
            Self::Reach { family, path, is_light: false } => {
                write!(f, "{path}: {family} may be reached through its own crate only")
            }
            Self::Direct { from, to } => {
                write!(f, "{from} depends on {to}: a library has an error enum of its own (thiserror)")
            }
            Self::NotOptional { from, to } => {
                write!(f, "{from} depends on {to}: in a library it stands behind a feature (optional = true)")
            }
            Self::UnusedException { from, to } => {
                write!(f, "the exception {from} -> {to} is not needed any more: remove it from the rules")
            }
            Self::UnwrittenException { line } => {
                write!(f, "ARCHITECTURE.md has no line {line}: write there why this exception is needed")
            }
            Self::UnknownName { name } => {
                write!(f, "a rule names {name}, which is no package of this workspace: misspelt, or gone?")
            }
            Self::NotAbsent { name } => {
                write!(f, "{name} exists by now: remove it from `may_be_absent` in the rules")
            }
        }
    }
}
