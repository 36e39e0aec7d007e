//! Every option of training at work: it changes what it should, and the same seed gives the same bytes.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Cells, same_bytes, small, with_threads};
use concord_core::{Embedding, KnnGraph, Labels, Metric};
use concord_model::{
    BoxedError, Coverage, DecoderActivation, Device, MinibatchStrategy, ModelCard, ModelError, NormType, Normalization,
    Note, PenaltyType, Run, TrainConfig, Trained, classify, decode, embed, learned_embeddings, load, save, train_model,
};

fn trained(cells: &Cells, config: &TrainConfig) -> Result<Trained, ModelError> {
    train_model(&cells.training_data(), config, &Device::cpu(), &mut Run::new(&mut |_| ()))
}

/// Options that together use everything there is.
fn many_options() -> Vec<(&'static str, TrainConfig)> {
    let everything = TrainConfig {
        use_decoder: true,
        decoder_dims: vec![10],
        covariate_embedding_dims: vec!["donor=3".parse().unwrap()],
        use_classifier: true,
        use_importance_mask: true,
        importance_penalty_weight: 0.1,
        dropout_prob: 0.2,
        ..small()
    };
    vec![
        ("deep", TrainConfig { encoder_dims: vec![12, 9, 7], ..small() }),
        ("flat", TrainConfig { encoder_dims: vec![], dropout_prob: 0.2, ..small() }),
        ("everything", everything.clone()),
        ("batch norm", TrainConfig { norm_type: NormType::BatchNorm, train_frac: 0.8, ..everything.clone() }),
        (
            "no norm",
            TrainConfig {
                norm_type: NormType::None,
                lr: 1e-3,
                decoder_dims: vec![],
                importance_penalty_type: PenaltyType::L2,
                ..everything.clone()
            },
        ),
        ("leaky", TrainConfig { decoder_final_activation: DecoderActivation::LeakyRelu, ..everything.clone() }),
        ("mixed", TrainConfig { p_intra_domain: 0.8, ..small() }),
        ("equal", TrainConfig { sampler_domain_minibatch_strategy: MinibatchStrategy::Equal, ..small() }),
        ("coverage", TrainConfig { sampler_domain_minibatch_strategy: MinibatchStrategy::Coverage, ..small() }),
        ("neighbours", TrainConfig { p_intra_knn: 0.3, sampler_knn: Some(20), knn_warmup_epochs: 1, ..everything }),
    ]
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_number_of_threads() {
    let cells = Cells::new();
    for (name, config) in many_options() {
        let with = |n_threads| with_threads(n_threads, || trained(&cells, &config).unwrap());
        let (one, three) = (with(1), with(3));
        assert_eq!(one.history, three.history, "{name}");
        same_bytes(name, &one.encoder, &three.encoder);
        let other_seed = trained(&cells, &TrainConfig { seed: 1, ..config }).unwrap();
        assert_ne!(one.history, other_seed.history, "{name}");
    }
}

#[test]
fn all_losses_fall() {
    let cells = Cells::new();
    for (name, config) in many_options() {
        let config = TrainConfig { n_epochs: 12, patience: 12, ..config };
        let history = trained(&cells, &config).unwrap().history;
        let (first, last) = (&history[0], &history[history.len() - 1]);
        assert!(last.loss < first.loss, "{name}: {history:?}");
        let sum = |parts: concord_model::LossParts| {
            [parts.reconstruction, parts.classification, parts.importance].into_iter().flatten().sum::<f64>()
                + parts.contrastive
        };
        assert!((sum(last.parts) - last.loss).abs() < 1e-5, "{name}: {last:?}");
        assert_eq!(config.use_decoder, last.parts.reconstruction.is_some(), "{name}");
        if let (Some(first), Some(last)) = (first.parts.reconstruction, last.parts.reconstruction) {
            assert!(last < first, "{name}: reconstruction {first} to {last}");
        }
        if let (Some(first), Some(last)) = (first.parts.classification, last.parts.classification) {
            assert!(last < first, "{name}: classification {first} to {last}");
        }
    }
}

#[test]
fn models_of_all_options_are_kept_in_directories() {
    let cells = Cells::new();
    for (name, config) in many_options() {
        let trained = trained(&cells, &config).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let card = ModelCard::new(config, Normalization::AsIs, &cells.genes, &cells.expression, cells.domains.names());
        save(folder.path(), &trained.encoder, &card).unwrap();
        let (model, loaded_card) = load(folder.path(), &Device::cpu()).unwrap();
        assert_eq!(loaded_card.training, card.training, "{name}");
        assert_eq!(model.categories(), trained.encoder.categories(), "{name}");
        let code = embed(&model, &cells.expression).unwrap();
        assert_eq!(code, embed(&trained.encoder, &cells.expression).unwrap(), "{name}");
        assert_eq!(learned_embeddings(&model), learned_embeddings(&trained.encoder), "{name}");
        if card.training.use_classifier {
            let of_model = |model| classify(model, &cells.expression).unwrap();
            assert_eq!(of_model(&model), of_model(&trained.encoder), "{name}");
        }
        if card.training.use_decoder {
            let donors = &[("donor", &cells.donors)];
            let of_model = |model| decode(model, &cells.expression, &cells.domains, donors).unwrap();
            assert_eq!(of_model(&model), of_model(&trained.encoder), "{name}");
        }
    }
}

#[test]
fn training_can_start_from_another_model() {
    let cells = Cells::new();
    let data = cells.training_data();
    let first = trained(&cells, &TrainConfig { n_epochs: 12, ..small() }).unwrap();
    let go_on = |config: &TrainConfig| {
        let mut nothing = |_| ();
        let mut run = Run { pretrained: Some(&first.encoder), ..Run::new(&mut nothing) };
        train_model(&data, config, &Device::cpu(), &mut run)
    };
    let second = go_on(&TrainConfig { n_epochs: 1, ..small() }).unwrap();
    assert!(second.history[0].loss < first.history[0].loss - 0.05);
    let error = go_on(&TrainConfig { encoder_dims: vec![8], ..small() }).unwrap_err().to_string();
    assert!(error.starts_with("the model to start from has another encoder.0.bias"), "{error}");
}

/// Directories hold the options that there were when they were written.
#[test]
fn older_directories_load() {
    let cells = Cells::new();
    let trained = trained(&cells, &small()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let card = ModelCard::new(small(), Normalization::AsIs, &cells.genes, &cells.expression, cells.domains.names());
    save(folder.path(), &trained.encoder, &card).unwrap();
    let path = folder.path().join("config.json");
    let mut config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let known = [
        "n_epochs",
        "batch_size",
        "drop_partial_batches",
        "seed",
        "encoder_dims",
        "latent_dim",
        "lr",
        "schedule_ratio",
        "element_mask_prob",
        "feature_mask_prob",
        "clr_temperature",
        "clr_beta",
        "clr_weight",
    ];
    config["training"].as_object_mut().unwrap().retain(|name, _| known.contains(&name.as_str()));
    std::fs::write(&path, config.to_string()).unwrap();
    let (model, loaded_card) = load(folder.path(), &Device::cpu()).unwrap();
    assert_eq!(loaded_card, card);
    same_bytes("older", &model, &trained.encoder);
}

#[test]
fn a_classifier_finds_the_classes_of_cells_without_one() {
    let cells = Cells::new();
    let config = TrainConfig { use_classifier: true, n_epochs: 20, ..small() };
    let trained = trained(&cells, &config).unwrap();
    let n_unlabeled = cells.known_classes.n_missing();
    assert_eq!(trained.notes, [Note::UnlabeledCells { n_unlabeled, n_cells: cells.classes.n_cells() }]);
    let found = classify(&trained.encoder, &cells.expression).unwrap().labels(0.0);
    let hidden = (0..cells.classes.n_cells()).filter(|&cell| cells.known_classes.codes()[cell].is_none());
    let n_right = hidden.filter(|&cell| found.name_of(cell) == cells.classes.name_of(cell)).count();
    assert!(n_right as f64 > 0.9 * n_unlabeled as f64, "{n_right} of {n_unlabeled}");
}

#[test]
fn a_decoder_gives_cells_back_and_knows_domains() {
    let cells = Cells::new();
    let config = TrainConfig { use_decoder: true, decoder_dims: vec![16], n_epochs: 40, clr_weight: 0.1, ..small() };
    let model = trained(&cells, &config).unwrap().encoder;
    let single = |name: &str| Labels::single(cells.domains.n_cells(), name);
    let as_a = decode(&model, &cells.expression, &single("a"), &[]).unwrap();
    let as_b = decode(&model, &cells.expression, &single("b"), &[]).unwrap();
    // Gene 0 is expressed in domain b alone.
    assert!(as_b.column(0).mean() > as_a.column(0).mean().map(|mean| mean + 0.3), "{:?}", as_a.column(0).mean());
    let unseen = decode(&model, &cells.expression, &single("c"), &[]).unwrap_err();
    assert_eq!(unseen.to_string(), "there is no domain 'c': known are a, b");
}

#[test]
fn importances_of_genes_are_learned() {
    let cells = Cells::new();
    let of = |weight| {
        let config = TrainConfig { use_importance_mask: true, importance_penalty_weight: weight, ..small() };
        let trained = trained(&cells, &config).unwrap();
        assert_eq!(trained.notes.contains(&Note::UnpenalizedImportances), weight <= 0.0);
        let importances = trained.encoder.gene_importances().unwrap();
        assert!(importances.iter().all(|importance| (0.0..1.0).contains(importance)));
        importances.iter().sum::<f32>() / importances.len() as f32
    };
    let (free, penalized) = (of(0.0), of(20.0));
    assert!(penalized < free - 0.01, "{penalized} and {free}");
}

#[test]
fn training_stops_when_the_cells_left_out_get_no_better() {
    let cells = Cells::new();
    let config = TrainConfig { train_frac: 0.7, n_epochs: 60, lr: 0.1, ..small() };
    let trained = trained(&cells, &config).unwrap();
    let losses: Vec<f64> = trained.history.iter().filter_map(|epoch| epoch.validation_loss).collect();
    assert_eq!(losses.len(), trained.history.len());
    assert!(losses.len() < 60, "never stopped: {losses:?}");
    assert_eq!(losses.len(), trained.best_epoch + 1 + 2, "two epochs after the best");
    assert!(losses.iter().all(|&loss| loss >= losses[trained.best_epoch]));
    // The weights are those of the best epoch, with which a shorter run ends.
    let shorter = TrainConfig { n_epochs: trained.best_epoch + 1, ..config };
    same_bytes("best", &trained.encoder, &self::trained(&cells, &shorter).unwrap().encoder);
}

#[test]
fn neighbours_are_sought_after_the_warm_up_or_in_a_given_embedding() {
    let cells = Cells::new();
    let config =
        TrainConfig { p_intra_knn: 0.3, n_epochs: 4, dist_metric: Metric::Cosine, sampler_knn: Some(9), ..small() };
    let asked = std::cell::RefCell::new(Vec::new());
    let find = |embedding: &Embedding, k: usize, metric: Metric| -> Result<KnnGraph, BoxedError> {
        asked.borrow_mut().push((embedding.n_dimensions(), k, metric));
        common::neighbors(embedding, k, metric)
    };
    let run = |sampler_embedding| {
        let data =
            concord_model::TrainingData { find_neighbors: Some(&find), sampler_embedding, ..cells.training_data() };
        train_model(&data, &config, &Device::cpu(), &mut Run::new(&mut |_| ())).unwrap()
    };
    let warmed_up = run(None);
    // Once, in the latent code; the cell itself is the ninth neighbour.
    assert_eq!(asked.borrow_mut().split_off(0), [(4, 8, Metric::Cosine)]);
    // In the first two epochs all cells are seen.
    let n_cells: Vec<usize> = warmed_up.history.iter().map(|epoch| epoch.n_cells).collect();
    assert_eq!(n_cells[..2], [cells.domains.n_cells(); 2]);
    assert!(n_cells[2] < n_cells[0]);

    let embedding = embed(&warmed_up.encoder, &cells.expression).unwrap();
    let given = run(Some(&embedding));
    assert_eq!(asked.borrow().len(), 1);
    assert!(given.history[0].n_cells < n_cells[0], "neighbours from the first epoch");
}

#[test]
fn what_is_asked_for_must_be_there() {
    let cells = Cells::new();
    let message = |data: &concord_model::TrainingData<'_>, config: &TrainConfig| {
        train_model(data, config, &Device::cpu(), &mut Run::new(&mut |_| ())).unwrap_err().to_string()
    };
    let bare = concord_model::TrainingData::new(&cells.expression, &cells.domains);
    let classifier = TrainConfig { use_classifier: true, ..small() };
    assert!(message(&bare, &classifier).starts_with("--use-classifier needs the class of the cells"));
    let unlabeled = Labels::new(vec![None; cells.domains.n_cells()], vec!["x".into()]).unwrap();
    let none_known = concord_model::TrainingData { classes: Some(&unlabeled), ..bare.clone() };
    assert!(message(&none_known, &classifier).starts_with("none of the 240 cells has a class"));
    let covariates =
        TrainConfig { use_decoder: true, covariate_embedding_dims: vec!["donor=3".parse().unwrap()], ..small() };
    assert!(message(&bare, &covariates).contains("needs the covariate 'donor' of the cells"));
    let strategy = MinibatchStrategy::Coverage;
    let coverage = TrainConfig { sampler_domain_minibatch_strategy: strategy, ..small() };
    assert!(message(&bare, &coverage).contains("needs clusters of the cells"));
    let nothing = concord_model::TrainingData { coverage: Some(Coverage::Scores(&[0.0, 0.0])), ..bare.clone() };
    assert!(message(&nothing, &coverage).contains("--enrichment-threshold"));
    let knn = TrainConfig { p_intra_knn: 0.3, ..small() };
    assert!(message(&bare, &knn).contains("needs a way to find neighbours"));
    let many = TrainConfig { sampler_knn: Some(241), ..knn.clone() };
    assert_eq!(message(&bare, &many), "241 neighbours cannot be drawn from 240 cells: lower --sampler-knn");
    let cold = TrainConfig { knn_warmup_epochs: 0, ..knn.clone() };
    assert!(message(&cells.training_data(), &cold).contains("there is no embedding to seek neighbours in"));
    let too_warm = TrainConfig { knn_warmup_epochs: 3, ..knn };
    assert!(message(&cells.training_data(), &too_warm).contains("would end before the warm-up"));
}

#[test]
fn options_without_an_effect_are_told() {
    let cells = Cells::new();
    let one = Labels::single(cells.domains.n_cells(), "all");
    let data = concord_model::TrainingData { domains: &one, ..cells.training_data() };
    let config = TrainConfig { p_intra_domain: 0.5, n_epochs: 1, ..small() };
    let notes = |data, config| train_model(data, config, &Device::cpu(), &mut Run::new(&mut |_| ())).unwrap().notes;
    assert_eq!(notes(&data, &config), [Note::SingleDomain { p_intra_domain: 0.5 }]);
    let mixed = notes(&cells.training_data(), &config);
    assert_eq!(mixed, [Note::MixedDomains { p_intra_domain: 0.5, clr_beta: 1.0 }]);
    assert!(mixed[0].to_string().contains("sets cells of different batches apart"));
}
