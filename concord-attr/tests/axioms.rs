//! What attributions must do whatever the network.

mod common;

use common::{Toy, sparse};
use concord_attr::{
    AttrError, AttributeConfig, Baseline, Completeness, Curve, Filter, Followed, Method, PerturbConfig, Perturbation,
    Replacement, Target, attribute, context_means, descending, gene_statistics, importance, perturbation_curves,
    ranked_genes, rest_mean, top_neurons,
};
use concord_core::{Dense, Embedding, Labels, LogNorm};
use ndarray::{Array1, Array2, array};

const N_GENES: usize = 8;

/// Numbers that look random and are the same everywhere.
fn noise(index: usize) -> f32 {
    ((index * 2_654_435_761) % 10_007) as f32 / 10_007.0 - 0.5
}

fn network() -> Toy {
    Toy {
        first: Array2::from_shape_fn((N_GENES, 6), |(gene, unit)| noise(gene * 6 + unit + 1)),
        first_bias: Array1::from_shape_fn(6, |unit| noise(unit + 100)),
        second: Array2::from_shape_fn((6, 3), |(unit, neuron)| 2.0 * noise(unit * 3 + neuron + 200)),
        second_bias: Array1::zeros(3),
    }
}

fn cells(n_cells: usize, first: usize) -> LogNorm {
    sparse(&Array2::from_shape_fn((n_cells, N_GENES), |(cell, gene)| {
        (4.0 * noise(first + cell * N_GENES + gene)).max(0.0)
    }))
}

fn neuron(neuron: usize) -> Target {
    Target::neuron(neuron, 3).expect("there are 3")
}

fn with(method: Method) -> AttributeConfig {
    AttributeConfig { method, ..AttributeConfig::default() }
}

#[test]
fn integrated_parts_add_up_and_say_so_when_they_do_not() {
    let (network, cells, others) = (network(), cells(150, 0), cells(40, 5000));
    let error = |n_steps| {
        let config = AttributeConfig { n_steps, ..AttributeConfig::default() };
        let result = attribute(&network, &cells, &[neuron(1)], &Baseline::Cells(&others), &config);
        result.expect("the data fit").completeness.expect("integrated")[0].median_relative_error
    };
    assert!(error(16) < 1e-4, "{}", error(16));
    assert!(error(1) > 1e-3, "{}", error(1));
    let config = AttributeConfig { n_samples: 2000, ..with(Method::ExpectedGradients) };
    let sampled = attribute(&network, &cells, &[neuron(1)], &Baseline::Cells(&others), &config).expect("the data fit");
    assert!(sampled.completeness.expect("integrated")[0].median_relative_error < 0.05);
}

#[test]
fn a_gene_that_does_nothing_gets_nothing() {
    let mut network = network();
    network.first.row_mut(3).fill(0.0);
    let cells = cells(20, 0);
    for method in [
        Method::Gradient,
        Method::GradientTimesInput,
        Method::IntegratedGradients,
        Method::ExpectedGradients,
        Method::SmoothGrad,
    ] {
        let result = attribute(&network, &cells, &[neuron(0)], &Baseline::Cells(&cells), &with(method));
        let scores = result.expect("the data fit").scores;
        assert!(scores[(3, 0)] == 0.0 && scores[(2, 0)] != 0.0, "{method:?}: {scores}");
    }
}

#[test]
fn targets_are_linear() {
    let (network, cells) = (network(), cells(30, 0));
    let both = Target::direction("both", array![2.0, 0.0, -1.0]).expect("it points somewhere");
    let targets = [neuron(0), neuron(2), both];
    let scores =
        attribute(&network, &cells, &targets, &Baseline::Zeros, &AttributeConfig::default()).expect("fit").scores;
    for gene in 0..N_GENES {
        let expected = 2.0 * scores[(gene, 0)] - scores[(gene, 1)];
        assert!((scores[(gene, 2)] - expected).abs() < 1e-5);
    }
    let contrast =
        Target::contrast("of", array![3.0, 4.0].view(), array![0.0, 0.0].view()).expect("it points somewhere");
    assert_eq!(contrast.as_direction(), array![0.6, 0.8]);
}

#[test]
fn smooth_gradients_without_noise_are_gradients() {
    let (network, cells) = (network(), cells(20, 0));
    let config = AttributeConfig { noise_sd: 0.0, ..with(Method::SmoothGrad) };
    let smooth = attribute(&network, &cells, &[neuron(0)], &Baseline::Zeros, &config).expect("fit").scores;
    let plain =
        attribute(&network, &cells, &[neuron(0)], &Baseline::Zeros, &with(Method::Gradient)).expect("fit").scores;
    assert!((smooth - plain).iter().all(|difference| difference.abs() < 1e-6));
}

/// 300 cells are three blocks, which threads may do in any order.
#[test]
fn threads_change_nothing() {
    let (network, cells) = (network(), cells(300, 0));
    let run = |n_threads, method| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("a thread pool");
        pool.install(|| {
            attribute(&network, &cells, &[neuron(0)], &Baseline::Cells(&cells), &with(method)).expect("fit")
        })
    };
    for method in [Method::IntegratedGradients, Method::ExpectedGradients, Method::SmoothGrad] {
        assert_eq!(run(1, method), run(3, method));
    }
}

/// A neuron that is the sum of two genes: deleting them in the right order empties it fastest.
#[test]
fn the_right_ranking_has_the_steepest_curve() {
    let mut network = network();
    network.first.fill(0.0);
    network.first[(5, 0)] = 0.5;
    network.first[(6, 0)] = 0.2;
    network.first_bias.fill(0.0);
    network.second.fill(0.0);
    network.second[(0, 0)] = 1.0;
    let cells = cells(50, 0);
    let scores =
        attribute(&network, &cells, &[neuron(0)], &Baseline::Zeros, &AttributeConfig::default()).expect("fit").scores;
    let right = descending(scores.column(0));
    assert_eq!(right[..2], [5, 6]);
    let wrong: Vec<usize> = right.iter().rev().copied().collect();
    let curve = |ranking: &[usize], perturbation, replacement| -> Curve {
        let config = PerturbConfig { perturbation, replacement, n_genes: N_GENES };
        {
            let followed = [Followed { target: &neuron(0), level_of_others: 0.0 }];
            perturbation_curves(&network, &cells, &followed, ranking, &config).expect("fit").remove(0)
        }
    };
    let deletion = curve(&right, Perturbation::Deletion, Replacement::Zero);
    assert_eq!(deletion.n_genes, [0, 1, 2, 4, 8]);
    assert!((deletion.level[0] - 1.0).abs() < 1e-6 && deletion.level[2].abs() < 1e-6, "{deletion:?}");
    assert!(deletion.area() < 0.2 && curve(&wrong, Perturbation::Deletion, Replacement::Zero).area() > 0.7);
    let insertion = curve(&right, Perturbation::Insertion, Replacement::Zero);
    assert!((insertion.level[2] - 1.0).abs() < 1e-6 && insertion.area() > 0.8, "{insertion:?}");

    // Replacing by what the cells have anyway changes nothing.
    let one = cells.select_cells(&[0]);
    let same: Vec<f32> = gene_statistics(&one).mean_expression.iter().map(|&mean| mean as f32).collect();
    let config =
        PerturbConfig { perturbation: Perturbation::Deletion, replacement: Replacement::Mean(&same), n_genes: 8 };
    let followed = [Followed { target: &neuron(0), level_of_others: -1.0 }];
    let flat = perturbation_curves(&network, &one, &followed, &right, &config).expect("fit").remove(0);
    assert!(flat.level.iter().all(|level| (level - 1.0).abs() < 1e-6));
}

#[test]
fn contexts_without_cells_and_with_one_are_no_trouble() -> Result<(), Box<dyn std::error::Error>> {
    let latent = Embedding::new(array![[1.0, 5.0], [3.0, 5.0], [0.0, 9.0]])?;
    let labels = Labels::new(vec![Some(0), Some(0), Some(2)], ["a", "none", "one"].map(String::from).to_vec())?;
    let means = context_means(&latent, &labels);
    assert_eq!(top_neurons(means.view(), 5), [vec![1, 0], vec![], vec![1, 0]]);
    assert_eq!(rest_mean(means.view(), &labels, 0), array![0.0, 9.0]);
    let single = importance(&network(), &cells(1, 0))?;
    assert_eq!(single.dim(), (N_GENES, 3));
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_with_numbers() {
    let (network, cells) = (network(), cells(3, 0));
    let narrow = sparse(&Dense::ones((2, 4)));
    let run = |cells: &LogNorm, targets: &[Target], config: &AttributeConfig| {
        attribute(&network, cells, targets, &Baseline::Zeros, config).map_err(|error| error.to_string())
    };
    let defaults = AttributeConfig::default();
    assert_eq!(
        run(&narrow, &[neuron(0)], &defaults),
        Err("the network takes 8 genes, the matrix of cells has 4: select the network's input genes first".into())
    );
    assert_eq!(
        importance(&network, &narrow).err(),
        Some(AttrError::GeneCount { what: "the matrix of cells", expected: 8, found: 4 })
    );
    assert_eq!(
        Target::neuron(100, 100).map_err(|error| error.to_string()),
        Err("neuron 100 does not exist: the neurons are numbered from 0 to 99".into())
    );
    assert!(matches!(
        Target::contrast("B cells", array![1.0, 2.0].view(), array![1.0, 2.0].view()),
        Err(AttrError::NoDirection { .. })
    ));
    assert!(matches!(Target::direction("x", array![f32::NAN]), Err(AttrError::NoDirection { .. })));
    let short = Target::direction("short", array![1.0]).expect("it points somewhere");
    assert!(run(&cells, &[short], &defaults).is_err_and(|message| message.contains("one for each of the 3 neurons")));
    let config = AttributeConfig { n_steps: 0, ..defaults.clone() };
    assert_eq!(run(&cells, &[neuron(0)], &config), Err("--n-steps 0 is out of range: from 1 to 10000".into()));
    let mut damaged = common::Toy { second_bias: array![f32::NAN, 0.0, 0.0], ..self::network() };
    damaged.first_bias.fill(0.0);
    let result = attribute(&damaged, &cells, &[neuron(0)], &Baseline::Zeros, &defaults);
    assert!(matches!(result, Err(AttrError::NotFinite { .. })));
}

/// Means over cells are found without the cells' scores; the two ways must agree.
#[test]
fn means_are_those_of_the_cells_scores() {
    let (network, cells, others) = (network(), cells(140, 0), cells(30, 5000));
    for method in [
        Method::Gradient,
        Method::GradientTimesInput,
        Method::IntegratedGradients,
        Method::ExpectedGradients,
        Method::SmoothGrad,
    ] {
        let run = |keep_cells| {
            let config = AttributeConfig { keep_cells, ..with(method) };
            attribute(&network, &cells, &[neuron(0), neuron(2)], &Baseline::Cells(&others), &config).expect("fit")
        };
        let (means, kept) = (run(false), run(true));
        for (target, scores) in kept.cells.expect("they were kept").iter().enumerate() {
            let mean = scores.mean_axis(ndarray::Axis(0)).expect("there are cells");
            let error = (&means.scores.column(target) - &mean).iter().fold(0.0f32, |largest, e| largest.max(e.abs()));
            assert!(error < 1e-6, "{method:?}: {error}");
            if let Some(completeness) = &means.completeness {
                let sum: f64 = mean.iter().map(|&score| f64::from(score)).sum();
                let Completeness { mean_difference, mean_absolute_error, .. } = completeness[target];
                assert!((sum - mean_difference).abs() <= mean_absolute_error + 1e-6, "{method:?}");
            }
        }
        assert_eq!(means.completeness, kept.completeness);
    }
}

#[test]
fn lists_leave_out_what_the_filter_says() {
    // Gene 0 is not expressed, 1 in few cells, 2 less than elsewhere.
    let context = sparse(&array![[0.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 2.0]]);
    let all = sparse(&array![[0.0, 0.0, 9.0, 2.0], [0.0, 1.0, 1.0, 0.0]]);
    let (context, all) = (gene_statistics(&context), gene_statistics(&all));
    let scores = array![4.0, 3.0, 2.0, 1.0];
    let genes = |filter: Filter| -> Vec<usize> {
        ranked_genes(scores.view(), &context, &all, &filter).iter().map(|gene| gene.gene).collect()
    };
    assert_eq!(genes(Filter::default()), [1, 3]);
    assert_eq!(genes(Filter { include_lowered: true, ..Filter::default() }), [1, 2, 3]);
    assert_eq!(genes(Filter { min_nonzero_fraction: 0.5, ..Filter::default() }), [3]);
    assert_eq!(genes(Filter { min_expression: 1.5, ..Filter::default() }), [3]);
    let last = ranked_genes(scores.view(), &context, &all, &Filter::default()).pop().expect("two are listed");
    assert_eq!((last.rank, last.importance, last.mean_expression, last.difference), (2, 1.0, 2.0, 1.0));
}
