use std::collections::BTreeMap;

use concord_core::Column;
use concord_io::{read_annotation, read_obsm};

use super::{Folder, has_texts, texts};
use crate::{annotated_file, json_of};

/// The two most active neurons of each bulk label, by the shortest way.
fn expected() -> BTreeMap<String, Vec<usize>> {
    let latent = read_obsm(annotated_file(), "Concord").unwrap();
    let annotation = read_annotation(annotated_file()).unwrap();
    let Some(Column::Labels(labels)) = annotation.obs.get("bulk_labels") else { panic!("no labels") };
    let top = |cells: &Vec<usize>| {
        let mean = |neuron: usize| cells.iter().map(|&cell| f64::from(latent[[cell, neuron]])).sum::<f64>();
        let mut neurons: Vec<usize> = (0..latent.ncols()).collect();
        neurons.sort_by(|&a, &b| mean(b).total_cmp(&mean(a)));
        neurons[..2].to_vec()
    };
    labels.names().iter().cloned().zip(labels.members().iter().map(top)).collect()
}

#[test]
fn the_most_active_neurons_of_each_context() {
    let folder = Folder::new();
    let draw = || Folder::plot("neurons", &annotated_file());
    let json = json_of(draw().args(["--by", "bulk_labels", "-o"]).arg(folder.path("neurons.png")));
    let found: BTreeMap<String, Vec<usize>> = json["contexts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|context| {
            let neurons = context["neurons"].as_array().unwrap().iter();
            let name = context["context"].as_str().unwrap().to_owned();
            (name, neurons.map(|neuron| neuron.as_u64().unwrap() as usize).collect())
        })
        .collect();
    assert_eq!(found, expected());
    let output = draw().args(["--by", "bulk_labels", "-o"]).arg(folder.path("neurons.pdf")).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let [first, second] = expected()["Dendritic"][..] else { panic!("two neurons") };
    let line = text.lines().find(|line| line.contains("Dendritic")).unwrap();
    assert!(line.ends_with(&format!("{first}, {second}")), "{text}");
}

#[test]
fn the_heat_map_has_each_neuron_once() {
    let folder = Folder::new();
    let svg = folder.svg("neurons", &annotated_file(), &["--by", "phase", "--top", "3", "--title", "<b>"]);
    has_texts(&svg, &["G1", "G2M", "S", "mean activation", "neuron", "<b>"]);
    let mut numbers: Vec<String> = texts(&svg);
    numbers.retain(|text| text.parse::<usize>().is_ok_and(|number| number > 9));
    let n_numbers = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert!(n_numbers > 0 && numbers.len() == n_numbers);
}

#[test]
fn mistakes_are_answered_with_what_there_is() {
    let folder = Folder::new();
    let refuses =
        |arguments: &[&str], expected: &[&str]| folder.refuses("neurons", &annotated_file(), arguments, expected);
    refuses(&[], &["required arguments were not provided"]);
    refuses(&["--by", "bulk_label"], &["--by bulk_label: no such column; there are: bulk_labels, "]);
    refuses(&["--by", "phase", "--basis", "Concrd"], &["there are: Concord, "]);
    refuses(&["--by", "phase", "--top", "0"], &["0 is not in 1.."]);
}
