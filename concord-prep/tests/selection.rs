//! Feature selection against the numbers that scanpy printed for a small synthetic matrix (`golden/make_golden.py`).

// Where the reference's number must be met exactly.
#![allow(clippy::float_cmp)]

use std::error::Error;
use std::num::ParseFloatError;

use concord_core::{Counts, Csr, Labels, select_rows};
use concord_prep::{
    FeatureSelection, Flavor, MatrixState, NormalizeConfig, PrepError, SelectConfig, SelectWarning, Variability,
    normalize_copy, select_features,
};

type TestResult = Result<(), Box<dyn Error>>;

const N_GENES: usize = 120;
const N_TOP: usize = 30;

/// The synthetic counts and their batches.
fn small() -> Result<(Counts, Labels), Box<dyn Error>> {
    let (mut batches, mut indptr, mut indices, mut data) = (Vec::new(), vec![0], Vec::new(), Vec::new());
    for line in include_str!("golden/counts.csv").lines() {
        let mut fields = line.split(',');
        batches.extend(fields.next());
        for (gene, field) in fields.enumerate() {
            let count: f32 = field.parse()?;
            if count > 0.0 {
                indices.push(gene as u32);
                data.push(count);
            }
        }
        indptr.push(indices.len());
    }
    let counts = Counts::new(Csr::new((batches.len(), N_GENES), indptr, indices, data))?;
    Ok((counts, Labels::from_texts(&batches)))
}

fn config(flavor: Flavor) -> SelectConfig {
    SelectConfig { n_top_features: N_TOP, flavor, ..SelectConfig::default() }
}

/// What scanpy says about one gene.
struct Row {
    gene: usize,
    mean: f64,
    variability: f64,
    norm: f64,
    rank: Option<f64>,
    n_batches: i64,
    is_chosen: bool,
}

fn golden(flavor: Flavor, with_batches: bool) -> Result<Vec<Row>, Box<dyn Error>> {
    let number =
        |field: &str| if field.is_empty() { Ok(f64::NAN) } else { field.parse() as Result<f64, ParseFloatError> };
    let mut rows = Vec::new();
    for line in include_str!("golden/selection.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if fields[0] != flavor.name() || (fields[1] == "True") != with_batches {
            continue;
        }
        rows.push(Row {
            gene: fields[2].parse()?,
            mean: number(fields[3])?,
            variability: number(fields[4])?,
            norm: number(fields[5])?,
            rank: fields[6].parse().ok(),
            n_batches: fields[7].parse()?,
            is_chosen: fields[8] == "True",
        });
    }
    Ok(rows)
}

/// Fails unless two numbers agree to the given share, or are both no number.
#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let agree = (found.is_nan() && expected.is_nan())
        || found == expected
        || (found - expected).abs() <= tolerance * expected.abs().max(1e-3);
    assert!(agree, "{what}: found {found}, expected {expected}");
}

fn check(flavor: Flavor, with_batches: bool) -> TestResult {
    let (counts, batches) = small()?;
    let selection = select_features(&counts, with_batches.then_some(&batches), &config(flavor))?;
    let rows = golden(flavor, with_batches)?;
    assert_eq!(selection.tested, rows.iter().map(|row| row.gene).collect::<Vec<_>>());
    let (variability, norm, ranks, tolerance) = match &selection.variability {
        Variability::Variance { variances, variances_norm, ranks } => (variances, variances_norm, Some(ranks), 1e-10),
        // The logarithms and exponentials are those of 32-bit floats, which differ by a rounding between machines.
        Variability::Dispersion { dispersions, dispersions_norm } => (dispersions, dispersions_norm, None, 1e-5),
        Variability::Given => return Err("the genes were not ranked".into()),
    };
    for (position, row) in rows.iter().enumerate() {
        let what = |name: &str| format!("{flavor}, batches {with_batches}, gene {}: {name}", row.gene);
        assert_close(selection.means[position], row.mean, tolerance, &what("mean"));
        assert_close(variability[position], row.variability, tolerance, &what("variability"));
        assert_close(norm[position], row.norm, tolerance, &what("normalised"));
        if let Some(ranks) = ranks {
            assert_eq!(ranks[position], row.rank, "{}", what("rank"));
        }
        if with_batches {
            assert_eq!(i64::from(selection.n_batches[position]), row.n_batches, "{}", what("batches"));
        }
    }
    let chosen: Vec<usize> = rows.iter().filter(|row| row.is_chosen).map(|row| row.gene).collect();
    assert_eq!(selection.chosen, chosen, "{flavor}, batches {with_batches}");
    let mut ranked = selection.ranked.clone();
    ranked.sort_unstable();
    assert_eq!(ranked, chosen);
    assert_eq!(selection.warnings, []);
    Ok(())
}

#[test]
fn seurat_v3_agrees_with_scanpy() -> TestResult {
    check(Flavor::SeuratV3, false)?;
    check(Flavor::SeuratV3, true)
}

#[test]
fn seurat_v3_paper_agrees_with_scanpy() -> TestResult {
    check(Flavor::SeuratV3Paper, false)?;
    check(Flavor::SeuratV3Paper, true)
}

#[test]
fn seurat_agrees_with_scanpy() -> TestResult {
    check(Flavor::Seurat, false)?;
    check(Flavor::Seurat, true)
}

#[test]
fn cell_ranger_agrees_with_scanpy() -> TestResult {
    check(Flavor::CellRanger, false)?;
    check(Flavor::CellRanger, true)
}

#[test]
fn logged_input_is_taken_as_it_is() -> TestResult {
    let (counts, _) = small()?;
    let every_gene = SelectConfig { min_cells: 0, ..config(Flavor::Seurat) };
    let logged = normalize_copy(&counts, &NormalizeConfig { target_sum: Some(1e4) })?;
    let logged = Counts::new(logged.matrix().clone())?;
    let (from_counts, from_logged) =
        (select_features(&counts, None, &every_gene)?, select_features(&logged, None, &every_gene)?);
    assert_eq!(from_logged.chosen, from_counts.chosen);
    assert_eq!(from_logged.means, from_counts.means);
    Ok(())
}

#[test]
fn logged_input_of_a_flavor_for_counts_is_a_warning() -> TestResult {
    let (counts, _) = small()?;
    let logged = Counts::new(normalize_copy(&counts, &NormalizeConfig::default())?.matrix().clone())?;
    let selection = select_features(&logged, None, &config(Flavor::SeuratV3))?;
    let warning = SelectWarning::NotCounts { flavor: Flavor::SeuratV3, state: MatrixState::Logged };
    assert!(warning.to_string().contains("seems to hold logged values"), "{warning}");
    assert_eq!(selection.warnings, [warning]);
    Ok(())
}

#[test]
fn fewer_genes_than_asked_for_are_all_chosen_with_a_warning() -> TestResult {
    let (counts, batches) = small()?;
    let selection = select_features(&counts, Some(&batches), &SelectConfig::default())?;
    assert_eq!(selection.chosen, selection.tested);
    let available = selection.tested.len();
    assert_eq!(selection.warnings, [SelectWarning::FewerGenes { requested: 2000, available }]);
    Ok(())
}

#[test]
fn a_batch_that_cannot_be_modelled_is_named_and_can_be_left_out() -> TestResult {
    let (counts, batches) = small()?;
    // The last two cells become a batch of their own, and one has no batch.
    let mut names: Vec<&str> = (0..counts.n_cells()).filter_map(|cell| batches.name_of(cell)).collect();
    names[58..].fill("tiny");
    let labels = Labels::from_texts(&names);
    let mut codes = labels.codes().to_vec();
    codes[0] = None;
    let labels = Labels::new(codes, labels.names().to_vec())?;

    let error = select_features(&counts, Some(&labels), &config(Flavor::SeuratV3)).err().ok_or("no error")?;
    assert!(matches!(&error, PrepError::VarianceTrend { batch: Some(name), n_cells: 2, .. } if name == "tiny"));
    assert!(error.to_string().contains("batch 'tiny' (2 cells"), "{error}");
    assert!(error.source().is_none(), "the reason is in the message already: {error}");

    let without = SelectConfig { min_batch_size: 3, ..config(Flavor::SeuratV3) };
    let mut selection = select_features(&counts, Some(&labels), &without)?;
    let small = SelectWarning::SmallBatches { names: vec!["tiny".to_owned()], min_batch_size: 3 };
    assert_eq!(selection.warnings, [SelectWarning::CellsWithoutBatch { n_cells: 1 }, small]);
    // Those cells are out of it altogether.
    let others: Vec<usize> = (1..58).collect();
    let fewer = Counts::new(select_rows(counts.matrix(), &others))?;
    let expected = select_features(&fewer, Some(&batches.select(&others)), &without)?;
    selection.warnings.clear();
    assert_eq!(selection, expected);

    let none = SelectConfig { min_batch_size: 100, ..without };
    let error = select_features(&counts, Some(&labels), &none).err().ok_or("no error")?;
    assert!(matches!(error, PrepError::NoBatchesLeft { min_batch_size: 100, .. }));
    Ok(())
}

#[test]
fn genes_that_are_all_constant_are_an_error_of_its_own() -> TestResult {
    let (n_cells, n_genes) = (20, 15);
    let values = (0..n_cells * n_genes).map(|entry| (entry % n_genes + 1) as f32).collect();
    let indices = (0..n_cells).flat_map(|_| 0..n_genes as u32).collect();
    let starts = (0..=n_cells).map(|cell| cell * n_genes).collect();
    let counts = Counts::new(Csr::new((n_cells, n_genes), starts, indices, values))?;
    for flavor in [Flavor::SeuratV3, Flavor::SeuratV3Paper] {
        let error = select_features(&counts, None, &config(flavor)).err().ok_or("no error")?;
        assert_eq!(error, PrepError::NoVariation { n_cells, n_genes });
        assert!(error.to_string().starts_with("no gene varies between the cells: "), "{error}");
    }
    Ok(())
}

#[test]
fn batches_that_are_all_tiny_are_counted() -> TestResult {
    let (counts, _) = small()?;
    let n_cells = counts.n_cells();
    let error = |n_cells_of_batch: usize| {
        let names: Vec<String> = (0..n_cells).map(|cell| format!("b{:02}", cell / n_cells_of_batch)).collect();
        let labels = Labels::from_texts(&names);
        select_features(&counts, Some(&labels), &config(Flavor::SeuratV3)).err().ok_or("no error")
    };
    let single = PrepError::SingleCellBatches { batch: "b00".to_owned(), n_single: n_cells, n_batches: n_cells };
    assert_eq!(error(1)?, single);
    let of_two = error(2)?;
    assert!(matches!(&of_two, PrepError::VarianceTrend { n_as_small, .. } if *n_as_small == n_cells / 2));
    assert!(of_two.to_string().contains(&format!("{} other batches are as small", n_cells / 2 - 1)), "{of_two}");
    Ok(())
}

#[test]
fn genes_are_filtered_before_the_selection() -> TestResult {
    let (counts, _) = small()?;
    let totals = |selection: &FeatureSelection| {
        let gene_totals = counts.matrix().to_dense().sum_axis(ndarray::Axis(0));
        selection.tested.iter().map(|&gene| gene_totals[gene]).fold(f32::INFINITY, f32::min)
    };
    let all = select_features(&counts, None, &config(Flavor::SeuratV3))?;
    assert!(totals(&all) < 40.0 && !all.tested.contains(&5));
    let strong = SelectConfig { filter_gene_by_counts: Some(40), ..config(Flavor::SeuratV3) };
    let strong = select_features(&counts, None, &strong)?;
    assert!(totals(&strong) >= 40.0 && strong.tested.len() < all.tested.len());
    let none = SelectConfig { min_cells: 61, ..config(Flavor::SeuratV3) };
    let error = select_features(&counts, None, &none);
    assert_eq!(error, Err(PrepError::NoGenesLeft { n_genes: N_GENES, n_cells: 60, min_cells: 61 }));
    Ok(())
}

#[test]
fn a_share_of_the_cells_is_drawn_by_seed() -> TestResult {
    let (counts, batches) = small()?;
    let run = |seed| {
        let config = SelectConfig { subsample_frac: 0.8, seed, ..config(Flavor::Seurat) };
        select_features(&counts, Some(&batches), &config)
    };
    assert_eq!(run(1)?, run(1)?);
    assert_ne!(run(1)?.means, run(2)?.means);
    Ok(())
}

#[test]
fn labels_of_other_cells_are_an_error() -> TestResult {
    let (counts, _) = small()?;
    let labels = Labels::single(3, "a");
    let result = select_features(&counts, Some(&labels), &config(Flavor::SeuratV3));
    assert!(matches!(result, Err(PrepError::Core(concord_core::CoreError::LengthMismatch { .. }))));
    Ok(())
}

#[test]
fn the_table_has_a_row_for_every_gene() -> TestResult {
    let (counts, _) = small()?;
    let selection = select_features(&counts, None, &config(Flavor::SeuratV3))?;
    let table = selection.to_table()?;
    assert_eq!(table.n_rows(), N_GENES);
    let names: Vec<&str> = table.names().collect();
    let expected =
        ["highly_variable", "means", "variances", "variances_norm", "highly_variable_rank", "highly_variable_nbatches"];
    assert_eq!(names, expected);
    let Some(concord_core::Column::Floats(means)) = table.get("means") else { return Err("no means".into()) };
    assert!(means[5].is_nan());
    assert_eq!(means[selection.tested[0]], selection.means[0]);
    Ok(())
}

#[test]
fn given_genes_stay_in_their_order() -> TestResult {
    let selection = FeatureSelection::given(vec![7, 2, 5], 9)?;
    assert_eq!((&selection.chosen[..], selection.flavor), (&[7, 2, 5][..], None));
    let table = selection.to_table()?;
    assert_eq!(table.names().collect::<Vec<_>>(), ["highly_variable"]);
    assert_eq!(table.n_rows(), 9);
    let error = FeatureSelection::given(vec![0, 9], 9).map_err(|error| error.to_string());
    assert!(error.is_err_and(|error| error.contains('9')));
    let twice = FeatureSelection::given(vec![3, 0, 3], 9);
    assert!(matches!(twice, Err(PrepError::GeneTwice { column: 3 })), "{twice:?}");
    Ok(())
}
