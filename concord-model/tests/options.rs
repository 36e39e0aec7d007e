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

/// Weights go by numbers: class 1 of the model is not to become another class 1.
#[test]
fn a_model_to_start_from_must_know_the_same_categories() {
    let mut cells = Cells::new();
    let config = TrainConfig { n_epochs: 1, use_classifier: true, ..small() };
    let first = trained(&cells, &config).unwrap();
    let go_on = |cells: &Cells| {
        let mut nothing = |_| ();
        let mut run = Run { pretrained: Some(&first.encoder), ..Run::new(&mut nothing) };
        train_model(&cells.training_data(), &config, &Device::cpu(), &mut run)
    };
    go_on(&cells).unwrap();
    let renamed = cells.known_classes.names().iter().map(|name| format!("other {name}")).collect();
    cells.known_classes = Labels::new(cells.known_classes.codes().to_vec(), renamed).unwrap();
    let error = go_on(&cells).unwrap_err();
    assert!(matches!(&error, ModelError::OtherCategories { what, .. } if what == "classes"), "{error}");
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
fn dropout_changes_what_is_learned() {
    let cells = Cells::new();
    let [none, some, more] =
        [0.0, 0.2, 0.6].map(|dropout_prob| trained(&cells, &TrainConfig { dropout_prob, ..small() }).unwrap());
    assert_ne!(none.history, some.history);
    assert_ne!(some.history, more.history);
}

#[test]
fn the_schedule_of_the_learning_rate_is_followed() {
    let cells = Cells::new();
    // After the first epoch the rate is too small for a 32-bit float: nothing is learned any more.
    let config = TrainConfig { lr: 0.02, schedule_ratio: 1e-30, ..small() };
    let stopped = trained(&cells, &config).unwrap();
    assert!((stopped.history[0].learning_rate - 0.02).abs() < f64::EPSILON);
    let once = trained(&cells, &TrainConfig { n_epochs: 1, ..config }).unwrap();
    same_bytes("after one epoch", &stopped.encoder, &once.encoder);
}

#[test]
fn training_stops_when_the_cells_left_out_get_no_better() {
    let cells = Cells::new();
    for patience in [2, 1] {
        let config = TrainConfig { train_frac: 0.7, n_epochs: 60, lr: 0.1, patience, ..small() };
        let trained = trained(&cells, &config).unwrap();
        let losses: Vec<f64> = trained.history.iter().filter_map(|epoch| epoch.validation_loss).collect();
        assert_eq!(losses.len(), trained.history.len());
        assert!(losses.len() < 60, "never stopped: {losses:?}");
        assert_eq!(losses.len(), trained.best_epoch + 1 + patience, "so many epochs after the best");
        assert!(losses.iter().all(|&loss| loss >= losses[trained.best_epoch]));
        // The weights are those of the best epoch, with which a shorter run ends.
        let shorter = TrainConfig { n_epochs: trained.best_epoch + 1, ..config };
        same_bytes("best", &trained.encoder, &self::trained(&cells, &shorter).unwrap().encoder);
    }
}

/// The classes of a model are held against those of cells that it was not trained on.
#[test]
fn a_classifier_is_assessed_on_the_cells_left_out() {
    let cells = Cells::new();
    let data = cells.training_data();
    let config = TrainConfig { train_frac: 0.7, use_classifier: true, n_epochs: 8, ..small() };
    let trained = trained(&cells, &config).unwrap();
    assert_eq!(trained.held_out.len(), cells.domains.n_cells() * 3 / 10);
    let labelled: Vec<usize> =
        trained.held_out.iter().copied().filter(|&cell| cells.known_classes.codes()[cell].is_some()).collect();
    let assessment = trained.assess_held_out(&data).unwrap().unwrap();
    assert_eq!(assessment.n_known, labelled.len());
    assert_eq!(assessment.counts.iter().flatten().sum::<usize>(), labelled.len());
    assert!(assessment.accuracy() > 0.5, "of three classes: {assessment:?}");

    // The same by hand, from the probabilities.
    let probabilities = classify(&trained.encoder, &cells.expression.select_cells(&labelled)).unwrap();
    let predicted = probabilities.labels(0.0);
    let is_right = |place: usize| predicted.name_of(place) == cells.classes.name_of(labelled[place]);
    let n_right = (0..labelled.len()).filter(|&place| is_right(place)).count();
    assert_eq!(assessment.n_right, n_right);
    let mut gap = 0.0;
    for bin in 0..10 {
        let best = |place: &usize| probabilities.values().row(*place).fold(0.0f32, |best, &p| best.max(p));
        let of_bin: Vec<usize> =
            (0..labelled.len()).filter(|place| ((best(place) * 10.0) as usize).min(9) == bin).collect();
        let sum: f64 = of_bin.iter().map(|place| f64::from(best(place))).sum();
        gap += (sum - of_bin.iter().filter(|&&place| is_right(place)).count() as f64).abs();
    }
    assert!((assessment.calibration_error - gap / labelled.len() as f64).abs() < 1e-9);

    // With an impossible threshold all are unknown, and none is right.
    let strict = probabilities.assess(&cells.classes.select(&labelled), 1.1).unwrap();
    assert_eq!((strict.n_unknown, strict.n_right), (labelled.len(), 0));
    let error = probabilities.assess(&cells.classes, 0.0).unwrap_err();
    assert!(error.to_string().contains("true classes"), "{error}");

    let all = TrainConfig { train_frac: 1.0, n_epochs: 1, ..config };
    assert_eq!(self::trained(&cells, &all).unwrap().assess_held_out(&data).unwrap(), None);
}

#[test]
fn neighbours_are_sought_after_the_warm_up_or_in_a_given_embedding() {
    let cells = Cells::new();
    let config =
        TrainConfig { p_intra_knn: 0.3, n_epochs: 4, dist_metric: Metric::Cosine, knn_warmup_epochs: 1, ..small() };
    let asked = std::cell::RefCell::new(Vec::new());
    let find = |embedding: &Embedding, k: usize, metric: Metric| -> Result<KnnGraph, BoxedError> {
        asked.borrow_mut().push((embedding.n_dimensions(), k, metric));
        common::neighbors(embedding, k, metric)
    };
    let run = |sampler_knn, sampler_embedding| {
        let config = TrainConfig { sampler_knn, ..config.clone() };
        let data =
            concord_model::TrainingData { find_neighbors: Some(&find), sampler_embedding, ..cells.training_data() };
        train_model(&data, &config, &Device::cpu(), &mut Run::new(&mut |_| ())).unwrap()
    };
    let warmed_up = run(Some(9), None);
    // Once, in the latent code; the cell itself is the ninth neighbour.
    assert_eq!(asked.borrow_mut().split_off(0), [(4, 8, Metric::Cosine)]);
    // In the first epoch all cells are seen.
    let n_cells: Vec<usize> = warmed_up.history.iter().map(|epoch| epoch.n_cells).collect();
    assert_eq!(n_cells[0], cells.domains.n_cells());
    assert!(n_cells[1] < n_cells[0]);
    // Where nothing is said, they are a tenth of the cells.
    run(None, None);
    assert_eq!(asked.borrow_mut().split_off(0), [(4, 23, Metric::Cosine)]);

    let embedding = embed(&warmed_up.encoder, &cells.expression).unwrap();
    let given = run(Some(9), Some(&embedding));
    assert_eq!(asked.borrow().len(), 1);
    assert!(given.history[0].n_cells < n_cells[0], "neighbours from the first epoch");
}

#[test]
fn coverage_decides_how_many_batches_a_domain_gets() {
    let cells = Cells::new();
    let sampler_domain_minibatch_strategy = MinibatchStrategy::Coverage;
    let config = TrainConfig { sampler_domain_minibatch_strategy, n_epochs: 1, ..small() };
    let n_batches = |coverage: Coverage<'_>, config: &TrainConfig| {
        let data = concord_model::TrainingData { coverage: Some(coverage), ..cells.training_data() };
        let trained = train_model(&data, config, &Device::cpu(), &mut Run::new(&mut |_| ()));
        trained.map(|trained| trained.history[0].n_batches)
    };
    // Six batches of 40 cells are to be given out, and a domain without a score gets one all the same.
    assert_eq!(n_batches(Coverage::Scores(&[1.0, 0.0]), &config).unwrap(), 6 + 1);
    assert_eq!(n_batches(Coverage::Clusters(&cells.classes), &config).unwrap(), 3 + 3);
    // Of every class each domain has what chance would give it, and not more.
    let strict = TrainConfig { enrichment_threshold: 1.0, ..config };
    let error = n_batches(Coverage::Clusters(&cells.classes), &strict).unwrap_err();
    assert!(matches!(error, ModelError::NoCoverage { .. }), "{error}");
}

#[test]
fn unknown_options_are_refused_by_name() {
    let error = serde_json::from_str::<TrainConfig>("{\"latent_dims\": 5}").unwrap_err().to_string();
    assert!(error.contains("unknown field `latent_dims`"), "{error}");
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
    let codes = cells.donors.codes().iter().enumerate().map(|(cell, &code)| code.filter(|_| cell > 1)).collect();
    let some_donors = Labels::new(codes, cells.donors.names().to_vec()).unwrap();
    let gaps = concord_model::TrainingData { covariates: vec![("donor", &some_donors)], ..bare.clone() };
    assert!(message(&gaps, &covariates).starts_with("2 cells have no value in the covariate 'donor'"));
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
    let all = cells.training_data();
    let mixed = notes(&all, &config);
    assert_eq!(mixed, [Note::MixedDomains { p_intra_domain: 0.5, clr_beta: 1.0 }]);
    assert!(mixed[0].to_string().contains("sets cells of different batches apart"));
    let flat = TrainConfig { encoder_dims: vec![], dropout_prob: 0.2, n_epochs: 1, ..small() };
    assert_eq!(notes(&all, &flat), [Note::NothingToDrop { dropout_prob: 0.2 }]);
}
