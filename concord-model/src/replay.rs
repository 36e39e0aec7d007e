//! Training as the reference does it: twenty of its steps, with its weights, batches and masks
//! (`tests/golden/make_replay.py`).
#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, sync::Arc};

use concord_core::{Csr, Dense};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Categories, Covariate, CovariateDim, Device, NormType, PenaltyType, TrainConfig,
    architecture::Architecture,
    batch::SparseBatch,
    data::CellLabels,
    model::ModelModule,
    ops::Adam,
    step::{Batch, gradients, update},
    weights,
};

#[derive(Deserialize)]
struct Golden {
    x: Vec<Vec<f32>>,
    domains: Vec<u32>,
    classes: Vec<Option<u32>>,
    donors: Vec<u32>,
    steps_per_epoch: usize,
    batches: Vec<Vec<usize>>,
    /// For each step and view, one text a cell with `1` where an entry is kept.
    keeps: Vec<[Vec<String>; 2]>,
    cases: HashMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    options: HashMap<String, Value>,
    first: HashMap<String, Values>,
    /// In all, contrastive, reconstruction, classification, importance.
    losses: Vec<[f64; 5]>,
    last: HashMap<String, Values>,
}

#[derive(Deserialize)]
struct Values {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Golden {
    fn read() -> Self {
        serde_json::from_str(include_str!("../tests/golden/replay.json")).unwrap()
    }

    fn architecture(&self, case: &Case) -> Architecture {
        let mask = case.options.get("mask").and_then(Value::as_str);
        let config = TrainConfig {
            latent_dim: 5,
            encoder_dims: vec![9],
            domain_embedding_dim: 3,
            clr_weight: 1.5,
            decoder_weight: 2.0,
            classifier_weight: 0.7,
            use_importance_mask: mask.is_some(),
            importance_penalty_weight: if mask.is_some() { 0.5 } else { 0.0 },
            importance_penalty_type: if mask == Some("L2") { PenaltyType::L2 } else { PenaltyType::L1 },
            ..TrainConfig::default()
        };
        let mut options = serde_json::to_value(config).unwrap();
        for (name, value) in case.options.iter().filter(|(name, _)| *name != "mask") {
            options[name] = value.clone();
        }
        let config: TrainConfig = serde_json::from_value(options).unwrap();
        let names = |n: usize| (0..n).map(|code| code.to_string()).collect::<Vec<_>>();
        let covariate = |dim: &CovariateDim| Covariate { name: dim.covariate.clone(), categories: names(3) };
        let covariates = config.covariate_embedding_dims.iter().map(covariate).collect();
        let categories = Categories { domains: names(2), covariates, classes: names(3) };
        Architecture { config, n_genes: self.x[0].len(), categories }
    }

    /// The batch of a step, with the views that the reference saw.
    fn batch(&self, step: usize) -> Batch {
        let cells = &self.batches[step];
        let view = |keeps: &Vec<String>| {
            let kept = |(cell, keeps): (&usize, &String)| -> Vec<f32> {
                let values = self.x[*cell].iter().zip(keeps.bytes());
                values.map(|(&value, keep)| if keep == b'1' { value } else { 0.0 }).collect()
            };
            let rows: Vec<f32> = cells.iter().zip(keeps).flat_map(kept).collect();
            let dense = Dense::from_shape_vec((cells.len(), self.x[0].len()), rows).unwrap();
            let all: Vec<usize> = (0..cells.len()).collect();
            Arc::new(SparseBatch::gather(&Csr::csr_from_dense(dense.view(), 0.0), &all, |_| true))
        };
        let [view_1, view_2] = [0, 1].map(|index: usize| view(&self.keeps[step][index]));
        let labels = CellLabels {
            domains: self.domains.clone(),
            covariates: vec![self.donors.clone()],
            classes: self.classes.clone(),
        };
        Batch { view_1, view_2, labels: labels.select(cells) }
    }
}

fn module_with(weights_of: &HashMap<String, Values>, architecture: &Architecture, device: &Device) -> ModelModule {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensors: Vec<_> =
        weights_of.iter().map(|(name, of)| (name.clone(), of.shape.clone(), bytes(&of.values))).collect();
    let mut module = ModelModule::new(architecture, None, &device.as_burn().clone().autodiff());
    weights::load(&mut module, architecture, &weights::to_bytes(&tensors).unwrap()).unwrap();
    module
}

/// Adding the same to all cells changes nothing that follows a batch normalisation, so the gradient of the bias before it
/// is zero but for rounding, of which Adam makes steps of full size; and the running mean moves along with the bias.
fn is_free(name: &str, norm: NormType) -> bool {
    let before_norm = ["encoder.0.bias", "encoder.4.bias", "decoder.0.bias", "classifier.0.bias"];
    norm == NormType::BatchNorm && (name.ends_with("running_mean") || before_norm.contains(&name))
}

#[test]
fn steps_are_those_of_the_reference() {
    let golden = Golden::read();
    assert_eq!(golden.cases.len(), 8);
    for (name, case) in &golden.cases {
        let architecture = golden.architecture(case);
        let config = &architecture.config;
        let device = Device::cpu();
        let mut module = module_with(&case.first, &architecture, &device);
        let mut optimizer = Adam::new(&device.as_burn().clone().autodiff());
        assert_eq!(case.losses.len(), 20);
        for (step, [total, contrastive, reconstruction, classification, importance]) in
            case.losses.iter().copied().enumerate()
        {
            let gradients = gradients(&module, &golden.batch(step), config, [0, step]);
            let parts = gradients.parts;
            for (part, ours, expected) in [
                ("in all", f64::from(gradients.loss), total),
                ("contrastive", parts.contrastive, contrastive),
                ("reconstruction", parts.reconstruction.unwrap_or(0.0), reconstruction),
                ("classification", parts.classification.unwrap_or(0.0), classification),
                ("importance", parts.importance.unwrap_or(0.0), importance),
            ] {
                assert!((ours - expected).abs() < 1e-4, "{name}, step {step}, {part}: {ours}, expected {expected}");
            }
            let learning_rate = config.learning_rate(step / golden.steps_per_epoch);
            module = update(module, &mut optimizer, learning_rate, gradients);
        }
        let mut n_compared = 0;
        for (parameter, _, bytes) in weights::tensors(&module, &architecture) {
            if is_free(&parameter, config.norm_type) {
                continue;
            }
            let expected = &case.last[&parameter].values;
            let ours = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            let difference = ours.zip(expected).fold(0.0f32, |largest, (a, b)| largest.max((a - b).abs()));
            assert!(difference <= 1e-3 * largest, "{name}: {parameter} differs by {difference} of {largest}");
            n_compared += 1;
        }
        assert!(n_compared >= 4, "{name}: {n_compared}");
    }
}

/// In the recorded steps all importances are nearly the same, and so are both norms of them; here they differ.
#[test]
fn the_penalty_is_of_the_norm_asked_for() {
    let mut golden = Golden::read();
    let n_genes = golden.x[0].len();
    let mask: Vec<f32> = (0..n_genes).map(|gene| gene as f32 - 7.0).collect();
    let importance = |value: &f32| 1.0 / (1.0 + (-f64::from(*value)).exp());
    let mean = |power: i32| mask.iter().map(|value| importance(value).powi(power)).sum::<f64>() / n_genes as f64;
    let expected = [(PenaltyType::L1, mean(1)), (PenaltyType::L2, mean(2).sqrt())];
    golden.cases.get_mut("mask with L2").unwrap().first.get_mut("importance_mask").unwrap().values = mask.clone();
    let case = &golden.cases["mask with L2"];
    for (kind, norm) in expected {
        let mut architecture = golden.architecture(case);
        architecture.config.importance_penalty_type = kind;
        let module = module_with(&case.first, &architecture, &Device::cpu());
        let found = gradients(&module, &golden.batch(0), &architecture.config, [0, 0]).parts.importance.unwrap();
        assert!((found - 0.5 * norm).abs() < 1e-6, "{kind:?}: {found}, expected half of {norm}");
    }
}
