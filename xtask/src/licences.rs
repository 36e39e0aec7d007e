//! The licences of all that the workspace is built of, against the list in `deny.toml`.
//!
//! cargo-deny does the same and more, from the same file, but takes minutes to install. This check needs nothing.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use spdx::{Expression, Licensee, ParseMode};
use toml::{Table, Value};

use crate::workspace::{Workspace, captured};

/// Checks every package and gives back a line of what was found, such as `280 packages`.
pub(crate) fn check(workspace: &Workspace) -> Result<String> {
    let path = workspace.root.join("deny.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let policy = Policy::parse(&text).context("in deny.toml")?;
    let packages = packages(workspace)?;
    let objections: Vec<String> = packages.iter().filter_map(|package| policy.objection(package)).collect();
    for objection in &objections {
        eprintln!("licences: {objection}");
    }
    if !objections.is_empty() {
        bail!("{} of {} packages have a licence that deny.toml does not allow", objections.len(), packages.len());
    }
    Ok(format!("{} packages", packages.len()))
}

/// A package with the licence field of its manifest, which is empty when it only names a file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// What is really built on this machine: `cargo metadata` lists twice as much, for systems that it is not.
fn packages(workspace: &Workspace) -> Result<BTreeSet<Package>> {
    let mut command = workspace.cargo();
    command.args(["tree", "--workspace", "--locked", "--all-features"]);
    command.args(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}|{l}"]);
    let output = captured(&mut command)?;
    let output = String::from_utf8(output).context("cannot read cargo tree")?;
    output.lines().filter(|line| !line.is_empty()).map(package).collect()
}

/// Reads a line such as `ryu v1.0.20|Apache-2.0 OR BSL-1.0 (*)`.
fn package(line: &str) -> Result<Package> {
    let line = line.strip_suffix(" (*)").unwrap_or(line);
    let (package, licence) = line.rsplit_once('|').with_context(|| format!("cannot read `{line}` of cargo tree"))?;
    let mut words = package.split_whitespace().map(str::to_owned);
    let (Some(name), Some(version)) = (words.next(), words.next()) else {
        bail!("cannot read `{line}` of cargo tree");
    };
    Ok(Package { name, version, licence: licence.trim().to_owned() })
}

/// The part of `deny.toml` that is about licences.
struct Policy {
    allowed: Vec<Licensee>,
    /// Licences that one package may have.
    exceptions: BTreeMap<String, Vec<Licensee>>,
    /// Licences of packages that do not say theirs.
    clarified: BTreeMap<String, String>,
}

impl Policy {
    fn parse(text: &str) -> Result<Self> {
        let config: Table = text.parse()?;
        let licenses = config.get("licenses").and_then(Value::as_table).context("there is no [licenses]")?;
        let mut exceptions = BTreeMap::new();
        for entry in entries(licenses, "exceptions")? {
            exceptions.insert(text_of(entry, "crate")?.to_owned(), licensees(entry)?);
        }
        let mut clarified = BTreeMap::new();
        for entry in entries(licenses, "clarify")? {
            clarified.insert(text_of(entry, "crate")?.to_owned(), text_of(entry, "expression")?.to_owned());
        }
        Ok(Self { allowed: licensees(licenses)?, exceptions, clarified })
    }

    /// What is wrong with a package's licence, if anything.
    fn objection(&self, package: &Package) -> Option<String> {
        let Package { name, version, licence } = package;
        let licence = self.clarified.get(name).unwrap_or(licence);
        if licence.is_empty() {
            return Some(format!("{name} {version} names no licence: read it, and add it to [[licenses.clarify]]"));
        }
        // Older crates separate alternatives with a slash.
        let expression = match Expression::parse_mode(licence, ParseMode::LAX) {
            Ok(expression) => expression,
            Err(error) => return Some(format!("{name} {version}: cannot read `{licence}`: {}", error.reason)),
        };
        let excepted = self.exceptions.get(name).into_iter().flatten();
        let allowed: Vec<&Licensee> = self.allowed.iter().chain(excepted).collect();
        let passes = expression.evaluate(|required| allowed.iter().any(|allowed| allowed.satisfies(required)));
        (!passes).then(|| format!("{name} {version} is under `{licence}`"))
    }
}

fn entries<'t>(table: &'t Table, key: &str) -> Result<Vec<&'t Table>> {
    let Some(value) = table.get(key) else { return Ok(Vec::new()) };
    let list = value.as_array().with_context(|| format!("`{key}` is no list"))?;
    list.iter().map(|entry| entry.as_table().with_context(|| format!("an entry of `{key}` is no table"))).collect()
}

fn text_of<'t>(table: &'t Table, key: &str) -> Result<&'t str> {
    table.get(key).and_then(Value::as_str).with_context(|| format!("there is no text `{key}`"))
}

fn licensees(table: &Table) -> Result<Vec<Licensee>> {
    let list = table.get("allow").and_then(Value::as_array).context("there is no list `allow`")?;
    let parse = |value: &Value| {
        let name = value.as_str().context("an entry of `allow` is no text")?;
        Licensee::parse(name).with_context(|| format!("`{name}` is no SPDX identifier"))
    };
    list.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0", "Unicode-3.0"]
        exceptions = [{ crate = "colored", allow = ["MPL-2.0"] }]

        [[licenses.clarify]]
        crate = "silent"
        expression = "MIT"
    "#;

    fn objection(name: &str, licence: &str) -> Option<String> {
        let package = Package { name: name.into(), version: "v1.0.0".into(), licence: licence.into() };
        Policy::parse(POLICY).unwrap().objection(&package)
    }

    #[test]
    fn one_of_several_licences_is_enough_and_all_of_a_sum_are_needed() {
        for good in ["MIT", "GPL-3.0-only OR MIT", "MIT/Apache-2.0", "(MIT OR ISC) AND Unicode-3.0"] {
            assert_eq!(objection("some", good), None, "{good}");
        }
        for bad in ["GPL-3.0-only", "MIT AND ISC", "Apache-2.0 WITH LLVM-exception", "no such licence"] {
            assert!(objection("some", bad).unwrap().contains(bad), "{bad}");
        }
    }

    #[test]
    fn an_exception_is_for_one_package() {
        assert_eq!(objection("colored", "MPL-2.0"), None);
        assert!(objection("other", "MPL-2.0").is_some());
    }

    #[test]
    fn a_package_without_a_licence_needs_a_clarification() {
        assert_eq!(objection("silent", ""), None);
        assert!(objection("other", "").unwrap().contains("clarify"));
    }

    #[test]
    fn a_misspelt_licence_in_the_policy_is_an_error() {
        let error = Policy::parse("[licenses]\nallow = ['MITT']").err().unwrap();
        assert!(error.to_string().contains("MITT"));
        assert!(Policy::parse("[bans]").is_err());
    }

    #[test]
    fn lines_of_cargo_tree_are_read() {
        let read = |line| package(line).map(|package| (package.name, package.version, package.licence)).unwrap();
        let expected = ("ryu".to_owned(), "v1.0.20".to_owned(), "Apache-2.0 OR BSL-1.0".to_owned());
        assert_eq!(read("ryu v1.0.20|Apache-2.0 OR BSL-1.0 (*)"), expected);
        assert_eq!(read("io v0.1.0 (/a|b/io)|MIT").2, "MIT");
        assert_eq!(read("hdf5-src v0.1.0|").2, "");
        assert!(package("ryu").is_err());
    }
}
