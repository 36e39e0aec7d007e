//! `cargo xtask layers`: each crate depends on what ARCHITECTURE.md allows it to, and on nothing else.

mod rules;
mod violation;

use anyhow::{Context, Result, bail};

use self::rules::{RULES, Rules};
use self::violation::Violation;
use crate::graph::{self, Graph, Package};
use crate::metadata;
use crate::workspace::Workspace;

/// Checks the workspace and prints every violation.
pub(crate) fn command(workspace: &Workspace) -> Result<()> {
    let path = workspace.root.join("ARCHITECTURE.md");
    let architecture = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let violations = check(&metadata::load(workspace)?, &RULES, &architecture);
    if violations.is_empty() {
        println!("every crate depends on what ARCHITECTURE.md allows it to");
        return Ok(());
    }
    for violation in &violations {
        eprintln!("layers: {violation}");
    }
    bail!("{} of the layers' rules broken; they are explained in ARCHITECTURE.md", violations.len());
}

fn check(graph: &Graph, rules: &Rules, architecture: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (name, package) in graph.iter().filter(|(_, package)| package.is_member) {
        if !rules.tops.contains(&name.as_str()) {
            check_library(graph, rules, name, package, &mut violations);
        }
        check_direct(rules, name, package, &mut violations);
        check_families(graph, rules, name, &mut violations);
    }
    check_exceptions(graph, rules, architecture, &mut violations);
    check_names(graph, rules, &mut violations);
    violations
}

/// A library meets the other crates of the workspace in the vocabulary alone, and options of a command line are extra.
fn check_library(graph: &Graph, rules: &Rules, name: &str, package: &Package, violations: &mut Vec<Violation>) {
    for dependency in &package.declared {
        let to = dependency.name.as_str();
        let is_member = graph.get(to).is_some_and(|package| package.is_member);
        let is_excepted = rules.exceptions.iter().any(|exception| exception.from == name && exception.to == to);
        if is_member && (to != rules.vocabulary || name == rules.vocabulary) && !is_excepted {
            violations.push(Violation::Star { from: name.into(), to: to.into(), is_dev: dependency.is_dev });
        }
        if rules.optional_in_libraries.contains(&to) && !dependency.is_optional && !dependency.is_dev {
            violations.push(Violation::NotOptional { from: name.into(), to: to.into() });
        }
    }
}

/// Some packages are for the crates that have a user in front of them.
fn check_direct(rules: &Rules, name: &str, package: &Package, violations: &mut Vec<Violation>) {
    for rule in rules.direct_only {
        let uses = package.declared.iter().any(|dependency| dependency.name == rule.package && !dependency.is_dev);
        if uses && !rule.members.contains(&name) {
            violations.push(Violation::Direct { from: name.into(), to: rule.package.into() });
        }
    }
}

/// The packages that take minutes to build are behind gates, and the light crates do not reach them even there.
fn check_families(graph: &Graph, rules: &Rules, name: &str, violations: &mut Vec<Violation>) {
    let is_light = rules.light.contains(&name);
    for family in rules.families {
        if family.gates.contains(&name) {
            continue;
        }
        let is_gate = |package: &str| family.gates.contains(&package);
        let path = graph::path(graph, name, |package| family.has(package), |package| !is_light && is_gate(package));
        if let Some(path) = path {
            let path = path.join(" -> ");
            violations.push(Violation::Reach { family: family.name.into(), path, is_light });
        }
    }
}

/// An exception is in use and is written down.
fn check_exceptions(graph: &Graph, rules: &Rules, architecture: &str, violations: &mut Vec<Violation>) {
    for exception in rules.exceptions {
        let declared = graph.get(exception.from).map(|package| package.declared.as_slice()).unwrap_or_default();
        if !declared.iter().any(|dependency| dependency.name == exception.to) {
            violations.push(Violation::UnusedException { from: exception.from.into(), to: exception.to.into() });
        }
        let line = format!("`{}` -> `{}`", exception.from, exception.to);
        if !architecture.contains(&line) {
            violations.push(Violation::UnwrittenException { line });
        }
    }
}

/// A rule about a name that nothing has would pass for ever: every name must be found, or be known to be absent.
fn check_names(graph: &Graph, rules: &Rules, violations: &mut Vec<Violation>) {
    for name in rules.names() {
        let exists = graph.contains_key(name);
        let may_be_absent = rules.may_be_absent.contains(&name);
        if !exists && !may_be_absent {
            violations.push(Violation::UnknownName { name: name.into() });
        }
    }
    for &name in rules.may_be_absent {
        if graph.contains_key(name) {
            violations.push(Violation::NotAbsent { name: name.into() });
        }
    }
}

#[cfg(test)]
mod tests;
