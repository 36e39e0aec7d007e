//! Who depends on whom: the plain data that the rules of the layers are checked on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// All packages by name. Versions of one package count as one: a rule is about names.
pub(crate) type Graph = BTreeMap<String, Package>;

/// One package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Package {
    /// Whether it belongs to the workspace.
    pub(crate) is_member: bool,
    /// What the `Cargo.toml` of a member asks for, on any platform and whether enabled or not. Empty for others.
    pub(crate) declared: Vec<Dependency>,
    /// What it is really built with: normal and build dependencies, for a member those of its tests too.
    pub(crate) resolved: BTreeSet<String>,
}

/// A line of a member's `[dependencies]`, `[build-dependencies]` or `[dev-dependencies]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) is_dev: bool,
    pub(crate) is_optional: bool,
}

/// The shortest way from a package to one that is `wanted`, both ends included, on which no package but the first is
/// `blocked`. Resolved and declared dependencies both count as steps.
pub(crate) fn path<'g>(
    graph: &'g Graph,
    from: &'g str,
    wanted: impl Fn(&str) -> bool,
    blocked: impl Fn(&str) -> bool,
) -> Option<Vec<&'g str>> {
    let mut parents: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(name) = queue.pop_front() {
        if name != from && wanted(name) {
            let mut path = vec![name];
            while let Some(&parent) = parents.get(path[path.len() - 1]) {
                path.push(parent);
            }
            path.reverse();
            return Some(path);
        }
        for next in steps(graph, name) {
            if next != from && !parents.contains_key(next) && !blocked(next) {
                parents.insert(next, name);
                queue.push_back(next);
            }
        }
    }
    None
}

fn steps<'g>(graph: &'g Graph, name: &str) -> impl Iterator<Item = &'g str> {
    graph.get(name).into_iter().flat_map(|package| {
        let declared = package.declared.iter().map(|dependency| dependency.name.as_str());
        package.resolved.iter().map(String::as_str).chain(declared)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(lines: &[(&str, &[&str])]) -> Graph {
        let package = |resolved: &[&str]| Package {
            resolved: resolved.iter().map(|&name| name.to_owned()).collect(),
            ..Package::default()
        };
        lines.iter().map(|&(name, resolved)| (name.to_owned(), package(resolved))).collect()
    }

    #[test]
    fn the_shortest_path_is_found_in_a_graph_with_a_cycle() {
        let graph = graph(&[("a", &["b", "c"]), ("b", &["a", "d"]), ("c", &["b", "e"]), ("d", &["e"]), ("e", &["a"])]);
        assert_eq!(path(&graph, "a", |name| name == "e", |_| false), Some(vec!["a", "c", "e"]));
        assert_eq!(path(&graph, "a", |name| name == "e", |name| name == "c"), Some(vec!["a", "b", "d", "e"]));
        assert_eq!(path(&graph, "a", |name| name == "e", |name| name == "c" || name == "d"), None);
        assert_eq!(path(&graph, "a", |name| name == "z", |_| false), None);
    }

    #[test]
    fn declared_dependencies_are_steps_too() {
        let mut graph = graph(&[("a", &[]), ("b", &[])]);
        let dependency = Dependency { name: "b".into(), is_dev: false, is_optional: true };
        graph.entry("a".into()).or_default().declared.push(dependency);
        assert_eq!(path(&graph, "a", |name| name == "b", |_| false), Some(vec!["a", "b"]));
    }
}
