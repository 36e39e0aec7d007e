//! Reads `cargo metadata` into a [`Graph`].

use std::collections::HashMap;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::graph::{Dependency, Graph, Package};
use crate::workspace::{Workspace, captured};

/// The packages that the workspace is built of on this machine.
pub(crate) fn load(workspace: &Workspace) -> Result<Graph> {
    let mut command = workspace.cargo();
    // Without the filter cargo downloads the crates of all other platforms too.
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "host-tuple"]);
    let metadata = serde_json::from_slice(&captured(&mut command)?).context("cannot read cargo metadata")?;
    graph(&metadata).context("cargo metadata has another form than expected")
}

fn graph(metadata: &Value) -> Result<Graph> {
    let members = list(metadata, "workspace_members")?;
    let mut graph = Graph::new();
    let mut names = HashMap::new();
    for package in list(metadata, "packages")? {
        let (id, name) = (text(package, "id")?, text(package, "name")?);
        names.insert(id, name);
        let entry = graph.entry(name.to_owned()).or_default();
        if members.iter().any(|member| member == id) {
            entry.is_member = true;
            entry.declared = list(package, "dependencies")?.iter().map(dependency).collect::<Result<_>>()?;
        }
    }
    let name_of = |id: &str| names.get(id).copied().with_context(|| format!("no package has the id {id}"));
    for node in list(&metadata["resolve"], "nodes")? {
        let package = graph.entry(name_of(text(node, "id")?)?.to_owned()).or_default();
        add_resolved(package, node, name_of)?;
    }
    Ok(graph)
}

fn dependency(value: &Value) -> Result<Dependency> {
    Ok(Dependency {
        name: text(value, "name")?.to_owned(),
        is_dev: value["kind"] == "dev",
        is_optional: value["optional"] == true,
    })
}

fn add_resolved<'v>(
    package: &mut Package,
    node: &'v Value,
    name_of: impl Fn(&'v str) -> Result<&'v str>,
) -> Result<()> {
    for dependency in list(node, "deps")? {
        let only_for_tests = list(dependency, "dep_kinds")?.iter().all(|kind| kind["kind"] == "dev");
        if package.is_member || !only_for_tests {
            package.resolved.insert(name_of(text(dependency, "pkg")?)?.to_owned());
        }
    }
    Ok(())
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v Vec<Value>> {
    value[key].as_array().with_context(|| format!("there is no list `{key}`"))
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str> {
    value[key].as_str().with_context(|| format!("there is no text `{key}`"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn metadata() -> Value {
        let kind = |kind: Value| json!([{ "kind": kind, "target": null }]);
        json!({
            "workspace_members": ["path+io#0.1.0"],
            "packages": [
                { "id": "path+io#0.1.0", "name": "io", "dependencies": [
                    { "name": "hdf5-metno", "rename": "hdf5", "kind": null, "optional": false },
                    { "name": "clap", "rename": null, "kind": null, "optional": true },
                    { "name": "cc", "rename": null, "kind": "build", "optional": false },
                    { "name": "insta", "rename": null, "kind": "dev", "optional": false },
                ]},
                { "id": "hdf5-metno@0.15", "name": "hdf5-metno", "dependencies": [] },
                { "id": "cc@1", "name": "cc", "dependencies": [] },
                { "id": "insta@1", "name": "insta", "dependencies": [] },
            ],
            "resolve": { "nodes": [
                { "id": "path+io#0.1.0", "deps": [
                    { "pkg": "hdf5-metno@0.15", "dep_kinds": kind(Value::Null) },
                    { "pkg": "insta@1", "dep_kinds": kind(json!("dev")) },
                ]},
                { "id": "hdf5-metno@0.15", "deps": [
                    { "pkg": "cc@1", "dep_kinds": kind(json!("build")) },
                    { "pkg": "insta@1", "dep_kinds": kind(json!("dev")) },
                ]},
            ]},
        })
    }

    #[test]
    fn members_have_declared_and_resolved_dependencies() {
        let graph = graph(&metadata()).unwrap();
        let io = &graph["io"];
        assert!(io.is_member);
        let declared: Vec<_> = io.declared.iter().map(|d| (d.name.as_str(), d.is_dev, d.is_optional)).collect();
        let expected =
            [("hdf5-metno", false, false), ("clap", false, true), ("cc", false, false), ("insta", true, false)];
        assert_eq!(declared, expected, "the package's name counts, not the one it is renamed to");
        assert_eq!(io.resolved.iter().collect::<Vec<_>>(), ["hdf5-metno", "insta"]);
    }

    #[test]
    fn others_have_no_dependencies_of_their_tests() {
        let graph = graph(&metadata()).unwrap();
        let hdf5 = &graph["hdf5-metno"];
        assert!(!hdf5.is_member && hdf5.declared.is_empty());
        assert_eq!(hdf5.resolved.iter().collect::<Vec<_>>(), ["cc"]);
    }

    #[test]
    fn another_form_is_an_error() {
        let mut metadata = metadata();
        metadata["resolve"] = Value::Null;
        assert!(graph(&metadata).unwrap_err().to_string().contains("`nodes`"));
    }
}
