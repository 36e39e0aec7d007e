//! Each kind of violation is found in a small graph, and a good graph has none.

use super::rules::{DirectOnly, Exception, Family};
use super::*;
use crate::graph::Dependency;

const SMALL: Rules = Rules {
    vocabulary: "core",
    tops: &["cli"],
    exceptions: &[],
    families: &[Family { name: "burn", gates: &["model"] }],
    light: &["prep"],
    direct_only: &[DirectOnly { package: "anyhow", members: &["cli"] }],
    optional_in_libraries: &["clap"],
    may_be_absent: &[],
};

/// A graph in which nothing is wrong: cli -> {model, prep} -> core, model -> burn, cli -> {anyhow, clap}.
fn good() -> Graph {
    let mut graph = Graph::new();
    for member in ["core", "prep", "model", "cli"] {
        graph.insert(member.into(), Package { is_member: true, ..Package::default() });
    }
    for package in ["burn", "burn-core", "anyhow", "clap", "insta"] {
        graph.insert(package.into(), Package::default());
    }
    for (from, to) in [("prep", "core"), ("model", "core"), ("cli", "core"), ("cli", "model"), ("cli", "prep")] {
        depend(&mut graph, from, to, "");
    }
    for (from, to) in [("model", "burn"), ("burn", "burn-core"), ("cli", "anyhow"), ("cli", "clap")] {
        depend(&mut graph, from, to, "");
    }
    graph
}

/// Adds a dependency; `kind` is empty, "dev" or "optional" (and not enabled).
fn depend(graph: &mut Graph, from: &str, to: &str, kind: &str) {
    let package = graph.entry(from.into()).or_default();
    if package.is_member {
        let dependency = Dependency { name: to.into(), is_dev: kind == "dev", is_optional: kind == "optional" };
        package.declared.push(dependency);
    }
    if kind != "optional" {
        package.resolved.insert(to.into());
    }
}

/// What is found in the good graph after adding one dependency.
fn found(from: &str, to: &str, kind: &str) -> Vec<Violation> {
    let mut graph = good();
    depend(&mut graph, from, to, kind);
    check(&graph, &SMALL, "")
}

#[test]
fn a_good_graph_has_no_violation() {
    assert_eq!(check(&good(), &SMALL, ""), []);
}

#[test]
fn a_library_that_uses_another_is_found() {
    let star = |is_dev| Violation::Star { from: "model".into(), to: "prep".into(), is_dev };
    assert_eq!(found("model", "prep", ""), [star(false)]);
    assert_eq!(found("model", "prep", "optional"), [star(false)]);
    assert_eq!(found("model", "prep", "dev"), [star(true)]);
    assert_eq!(found("cli", "prep", ""), []);
}

#[test]
fn the_vocabulary_uses_no_member() {
    let star = Violation::Star { from: "core".into(), to: "prep".into(), is_dev: false };
    assert_eq!(found("core", "prep", ""), [star]);
}

#[test]
fn a_family_is_reached_through_its_gates_only() {
    let reach = |path: &str| Violation::Reach { family: "burn".into(), path: path.into(), is_light: false };
    assert_eq!(found("cli", "burn-core", ""), [reach("cli -> burn-core")]);
    assert_eq!(found("cli", "burn-core", "optional"), [reach("cli -> burn-core")]);
    assert_eq!(found("cli", "burn-core", "dev"), [reach("cli -> burn-core")]);
    // Every member above an offending package is named: what to change is at the end of the path.
    assert_eq!(found("clap", "burn-core", ""), [reach("cli -> clap -> burn-core")]);
}

#[test]
fn a_light_crate_does_not_pass_even_the_gates() {
    let mut graph = good();
    depend(&mut graph, "prep", "model", "");
    let rules = Rules { exceptions: &[Exception { from: "prep", to: "model" }], ..SMALL };
    let path = "prep -> model -> burn".into();
    assert_eq!(
        check(&graph, &rules, "- `prep` -> `model`: a reason"),
        [Violation::Reach { family: "burn".into(), path, is_light: true }]
    );
}

#[test]
fn a_family_is_a_name_and_what_follows_a_dash() {
    let family = Family { name: "burn", gates: &[] };
    assert!(family.has("burn") && family.has("burn-core"));
    assert!(!family.has("burnt") && !family.has("sunburn"));
}

#[test]
fn a_package_for_others_is_found() {
    let direct = Violation::Direct { from: "prep".into(), to: "anyhow".into() };
    assert_eq!(found("prep", "anyhow", ""), [direct]);
    assert_eq!(found("prep", "anyhow", "dev"), []);
}

#[test]
fn a_package_that_must_be_optional_is_found() {
    let required = Violation::NotOptional { from: "prep".into(), to: "clap".into() };
    assert_eq!(found("prep", "clap", ""), [required]);
    assert_eq!(found("prep", "clap", "optional"), []);
    assert_eq!(found("prep", "clap", "dev"), []);
}

#[test]
fn an_exception_is_needed_and_written_down() {
    let rules = Rules { exceptions: &[Exception { from: "model", to: "prep" }], ..SMALL };
    let line = "`model` -> `prep`";
    let mut graph = good();
    let unused = Violation::UnusedException { from: "model".into(), to: "prep".into() };
    assert_eq!(check(&graph, &rules, line), [unused]);
    depend(&mut graph, "model", "prep", "");
    assert_eq!(check(&graph, &rules, line), []);
    assert_eq!(check(&graph, &rules, ""), [Violation::UnwrittenException { line: line.into() }]);
}

#[test]
fn a_misspelt_name_is_found_in_every_rule() {
    let unknown = || vec![Violation::UnknownName { name: "wrong".into() }];
    let wrong: &[&str] = &["wrong"];
    let check = |rules: &Rules| check(&good(), rules, "");
    assert_eq!(check(&Rules { tops: &["cli", "wrong"], ..SMALL }), unknown());
    assert_eq!(check(&Rules { light: wrong, ..SMALL }), unknown());
    assert_eq!(check(&Rules { optional_in_libraries: wrong, ..SMALL }), unknown());
    assert_eq!(check(&Rules { families: &[Family { name: "wrong", gates: &["model"] }], ..SMALL }), unknown());
    assert_eq!(check(&Rules { families: &[Family { name: "burn", gates: &["model", "wrong"] }], ..SMALL }), unknown());
    assert_eq!(check(&Rules { direct_only: &[DirectOnly { package: "wrong", members: &[] }], ..SMALL }), unknown());
    let direct_only = &[DirectOnly { package: "anyhow", members: &["cli", "wrong"] }];
    assert_eq!(check(&Rules { direct_only, ..SMALL }), unknown());
}

#[test]
fn a_name_may_be_absent_until_it_exists() {
    let families = &[Family { name: "burn", gates: &["model", "attr"] }];
    assert_eq!(check(&good(), &Rules { families, may_be_absent: &["attr"], ..SMALL }, ""), []);
    let not_absent = Violation::NotAbsent { name: "model".into() };
    assert_eq!(check(&good(), &Rules { may_be_absent: &["model"], ..SMALL }, ""), [not_absent]);
}

#[test]
fn what_may_be_absent_is_in_a_rule() {
    for name in RULES.may_be_absent {
        assert!(RULES.names().any(|known| known == *name), "{name} is in no rule");
    }
}
