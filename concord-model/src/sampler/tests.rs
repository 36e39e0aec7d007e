#![allow(clippy::unwrap_used)]
use super::*;

fn domains(sizes: &[usize]) -> Labels {
    let codes = sizes.iter().enumerate().flat_map(|(code, &n)| vec![Some(code as u32); n]).collect();
    Labels::new(codes, (0..sizes.len()).map(|code| format!("batch {code}")).collect()).unwrap()
}

fn sampler(sizes: &[usize], seed: u64, drop_partial_batches: bool) -> Sampler {
    Sampler::new(&domains(sizes), None, None, &TrainConfig { drop_partial_batches, seed, ..TrainConfig::default() })
        .unwrap()
}

/// How often each cell stands in the batches of an epoch; the batches must be of one domain each.
fn n_visits(sizes: &[usize], batches: &[Vec<usize>]) -> Vec<usize> {
    let labels = domains(sizes);
    let mut n_visits = vec![0; labels.n_cells()];
    for batch in batches {
        assert!(batch.iter().all(|&cell| labels.codes()[cell] == labels.codes()[batch[0]]), "a mixed batch");
        for &cell in batch {
            n_visits[cell] += 1;
        }
    }
    n_visits
}

#[test]
fn every_cell_is_seen_once() {
    let sizes = [1000, 600];
    let batches = sampler(&sizes, 7, false).epoch(0, None);
    let mut n_cells: Vec<usize> = batches.iter().map(Vec::len).collect();
    n_cells.sort_unstable();
    assert_eq!(n_cells, [88, 232, 256, 256, 256, 256, 256]);
    assert!(n_visits(&sizes, &batches).iter().all(|&n| n == 1));
}

#[test]
fn a_few_cells_too_many_join_the_last_batch() {
    for (n_cells, expected) in [(256, vec![256]), (259, vec![259]), (260, vec![256, 4]), (515, vec![256, 259])] {
        let batches = sampler(&[n_cells], 7, false).epoch(0, None);
        let mut sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        sizes.sort_unstable_by_key(|&n| (n < 256, n));
        assert_eq!(sizes, expected);
        assert!(n_visits(&[n_cells], &batches).iter().all(|&n| n == 1));
    }
}

#[test]
fn full_batches_leave_the_rest_out_as_the_reference_does() {
    let sizes = [1000, 600];
    let batches = sampler(&sizes, 7, true).epoch(0, None);
    assert_eq!(batches.len(), 3 + 2);
    assert!(batches.iter().all(|batch| batch.len() == 256));
    let n_visits = n_visits(&sizes, &batches);
    assert_eq!(n_visits.iter().sum::<usize>(), 5 * 256);
    assert!(n_visits.iter().all(|&n| n <= 1), "a cell stands twice");
}

#[test]
fn small_domains_are_taken_whole_or_drawn_with_replacement() {
    let of_small =
        |drop| sampler(&[300, 40], 7, drop).epoch(3, None).into_iter().find(|batch| batch[0] >= 300).unwrap();
    assert_eq!(of_small(false), (300..340).collect::<Vec<_>>());
    let small = of_small(true);
    assert!(small.len() <= 40 && small.len() > 30, "{} of 40 cells", small.len());
    assert!(small.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn epochs_differ_and_repeat_with_the_seed() {
    let of_seed = |seed, epoch| sampler(&[600], seed, false).epoch(epoch, None);
    assert_ne!(of_seed(7, 0), of_seed(7, 1));
    assert_eq!(of_seed(7, 1), of_seed(7, 1));
    assert_ne!(of_seed(7, 1), of_seed(8, 1));
}

#[test]
fn domains_that_make_no_batch_are_refused() {
    let config = TrainConfig::default();
    let error = Sampler::new(&domains(&[300, 3]), None, None, &config).unwrap_err();
    assert!(matches!(error, ModelError::SmallDomain { n_cells: 3, .. }), "{error}");
    let error = Sampler::new(&domains(&[100, 100]), None, None, &config).unwrap_err();
    assert!(matches!(error, ModelError::TooFewCells { n_cells: 200, batch_size: 256 }), "{error}");
    let missing = Labels::new(vec![Some(0), None, Some(0), Some(0), Some(0)], vec!["a".into()]).unwrap();
    assert!(matches!(Sampler::new(&missing, None, None, &config), Err(ModelError::MissingDomain { n_missing: 1 })));
}

/// Batches of an epoch with options of its own.
fn batches_with(sizes: &[usize], config: &TrainConfig, neighbors: Option<&KnnGraph>) -> Vec<Vec<usize>> {
    Sampler::new(&domains(sizes), None, None, config).unwrap().epoch(0, neighbors)
}

#[test]
fn a_share_comes_from_other_domains() {
    let config = TrainConfig { p_intra_domain: 0.7, batch_size: 100, ..TrainConfig::default() };
    let batches = batches_with(&[1000, 350], &config, None);
    // 10 of the first, 3 of the second.
    assert_eq!(batches.len(), 13);
    let mut n_of_first: Vec<usize> =
        batches.iter().map(|batch| batch.iter().filter(|&&cell| cell < 1000).count()).collect();
    n_of_first.sort_unstable();
    assert_eq!(n_of_first, [30, 30, 30, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70]);
    assert!(batches.iter().all(|batch| batch.len() == 100), "drawn without replacement");
}

#[test]
fn one_domain_alone_is_not_mixed_with_others() {
    let config = TrainConfig { p_intra_domain: 0.7, batch_size: 100, ..TrainConfig::default() };
    let batches = batches_with(&[250], &config, None);
    assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 250);
}

/// The strategies as the reference's `_calculate_num_batches_per_domain` has them, worked out by hand.
#[test]
fn strategies_give_each_domain_its_number_of_batches() {
    let n_batches = |strategy, coverage: Option<&[f64]>| {
        let config =
            TrainConfig { sampler_domain_minibatch_strategy: strategy, batch_size: 100, ..TrainConfig::default() };
        let labels = domains(&[1000, 450, 60, 0]);
        let batches = Sampler::new(&labels, None, coverage, &config).unwrap().epoch(0, None);
        let mut n_batches = [0; 4];
        for batch in batches {
            n_batches[labels.codes()[batch[0]].unwrap() as usize] += 1;
        }
        n_batches
    };
    // The cells left over make batches of their own.
    assert_eq!(n_batches(MinibatchStrategy::Proportional, None), [10, 5, 1, 0]);
    assert_eq!(n_batches(MinibatchStrategy::Equal, None), [4, 4, 4, 0]);
    // Of floor(1510 / 100) batches, by 0.9 : 0.3 : 0.01.
    assert_eq!(n_batches(MinibatchStrategy::Coverage, Some(&[0.9, 0.3, 0.01, 0.0])), [11, 3, 1, 0]);
}

#[test]
fn a_share_is_near_one_cell() {
    let n_cells = 400;
    // Neighbours of a cell are the 20 that follow it.
    let neighbors = ndarray::Array2::from_shape_fn((n_cells, 20), |(cell, j)| ((cell + j + 1) % n_cells) as u32);
    let graph = KnnGraph::new(neighbors, ndarray::Array2::zeros((n_cells, 20))).unwrap();
    let config = TrainConfig { p_intra_knn: 0.2, batch_size: 50, ..TrainConfig::default() };
    let batches = batches_with(&[200, 200], &config, Some(&graph));
    assert_eq!(batches.len(), 8);
    for batch in batches {
        assert!(batch.iter().all(|&cell| (cell < 200) == (batch[0] < 200)), "a mixed batch");
        // Ten of 21 cells in a row, where chance would give five.
        let densest = batch.iter().map(|&start| batch.iter().filter(|&&c| (start..start + 21).contains(&c)).count());
        assert!(densest.max().unwrap() >= 8);
        assert!(batch.len() > 40, "{} cells", batch.len());
    }
}

#[test]
fn cells_can_be_left_out() {
    let training: Vec<usize> = (0..600).filter(|cell| cell % 3 != 0).collect();
    let config = TrainConfig { batch_size: 64, ..TrainConfig::default() };
    let sampler = Sampler::new(&domains(&[300, 300]), Some(&training), None, &config).unwrap();
    let mut seen: Vec<usize> = sampler.epoch(0, None).concat();
    seen.sort_unstable();
    assert_eq!(seen, training);
}

#[test]
fn other_strategies_draw_with_replacement_as_the_reference_does() {
    let sampler_domain_minibatch_strategy = MinibatchStrategy::Equal;
    let config = TrainConfig { sampler_domain_minibatch_strategy, batch_size: 100, ..TrainConfig::default() };
    let batches = batches_with(&[250, 250], &config, None);
    assert_eq!(batches.len(), 4);
    // 100 draws from 250 cells are about 83 different ones.
    assert!(batches.iter().all(|batch| (60..100).contains(&batch.len())));
}
