//! Writes a report of made-up cells: `cargo run --release -p concord-plot --example report -- OUT.html [N_CELLS]`.
//!
//! Eight clusters in an embedding of two and of three dimensions, a latent code of 100 neurons, and marker genes that
//! mark them. Nothing in it was measured.

use std::error::Error;
use std::fs;

use concord_core::{Column, Embedding, Labels, Table};
use concord_plot::{
    Colouring, ContextPage, CurveStyle, Figure, GeneRow, GeneStripStyle, GeneValues, Heatmap, HeatmapStyle, Order,
    Panel, Report, ReportFigure, Side, TargetPage, Term, TermBarsStyle, TermRow, TrustTable, gene_strip, heatmap,
    mean_activation, report, term_bars, training_curve,
};
use ndarray::Array2;

/// Clusters, their middles in space, their parts of the cells, and their markers.
const CLUSTERS: [(&str, [f32; 3], f32, [&str; 8]); 8] = [
    ("CD4 T cells", [-5.0, 3.0, 0.5], 0.42, ["IL7R", "LDHB", "CD3D", "CD3E", "LTB", "TCF7", "MAL", "NOSIP"]),
    ("CD14+ Monocytes", [6.0, 4.5, -1.0], 0.18, ["LYZ", "S100A9", "S100A8", "CD14", "FCN1", "VCAN", "CST3", "LGALS2"]),
    ("B cells", [0.5, -6.5, 2.0], 0.13, ["CD79A", "MS4A1", "CD79B", "CD74", "TCL1A", "LINC00926", "BANK1", "HVCN1"]),
    ("CD8 T cells", [-5.5, -1.5, -1.5], 0.11, ["CD8A", "CD8B", "GZMK", "CCL5", "IL32", "KLRG1", "LYAR", "DUSP2"]),
    ("NK cells", [-3.5, -4.8, -3.0], 0.06, ["GNLY", "NKG7", "GZMB", "PRF1", "SPON2", "FGFBP2", "CLIC3", "KLRF1"]),
    (
        "FCGR3A+ Monocytes",
        [7.5, 0.5, 1.5],
        0.06,
        ["FCGR3A", "MS4A7", "LST1", "AIF1", "IFITM3", "RHOC", "CDKN1C", "SIGLEC10"],
    ),
    (
        "Dendritic cells",
        [3.8, 1.0, 3.5],
        0.025,
        ["FCER1A", "CLEC10A", "CD1C", "HLA-DPB1", "HLA-DQA1", "ENHO", "CPVL", "PLD4"],
    ),
    ("Megakaryocytes", [3.0, 8.0, -3.0], 0.015, ["PPBP", "PF4", "GP9", "TUBB1", "ITGA2B", "SDPR", "CMTM5", "TREML1"]),
];
const TERMS: [&str; 10] = [
    "T cell receptor signaling pathway",
    "neutrophil degranulation",
    "B cell activation",
    "positive regulation of T cell differentiation",
    "natural killer cell mediated cytotoxicity",
    "Fc-gamma receptor signaling pathway involved in phagocytosis",
    "antigen processing and presentation of exogenous peptide antigen via MHC class II",
    "platelet degranulation",
    "cytokine-mediated signaling pathway",
    "regulation of apoptotic process",
];
const N_NEURONS: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), n_cells) = (arguments.next(), arguments.next()) else {
        return Err("usage: report OUT.html [N_CELLS]".into());
    };
    let cells = Cells::make(n_cells.map_or(Ok(2638), |text| text.parse())?)?;
    fs::write(path, write_report(&cells)?)?;
    Ok(())
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    fn normal(&mut self) -> f32 {
        (0..6).map(|_| self.uniform()).sum::<f32>() * 1.414 - 4.243
    }
}

struct Cells {
    names: Vec<String>,
    types: Labels,
    batches: Labels,
    depth: Vec<f32>,
    flat: Embedding,
    solid: Embedding,
    latent: Embedding,
    /// Expression of every marker, cluster by cluster.
    genes: Vec<(&'static str, Vec<f32>)>,
}

impl Cells {
    fn make(n_cells: usize) -> Result<Self, Box<dyn Error>> {
        let mut noise = Noise(7);
        let types: Vec<usize> = (0..n_cells).map(|_| draw_cluster(noise.uniform())).collect();
        let places: Vec<[f32; 3]> = types.iter().map(|&cluster| place(cluster, &mut noise)).collect();
        let texts: Vec<&str> = types.iter().map(|&cluster| CLUSTERS[cluster].0).collect();
        let batches: Vec<Option<&str>> =
            (0..n_cells).map(|_| [Some("donor 1"), Some("donor 2"), None][(noise.uniform() * 2.05) as usize]).collect();
        let genes = CLUSTERS.iter().enumerate().flat_map(|(home, cluster)| cluster.3.map(|gene| (home, gene)));
        let genes = genes.map(|(home, gene)| (gene, expression(home, &types, &mut noise))).collect();
        let latent = Array2::from_shape_fn((n_cells, N_NEURONS), |(cell, neuron)| {
            let on = if neuron % 8 == types[cell] { 1.6 } else { 0.0 };
            on + 0.35 * noise.normal()
        });
        let letters = ['A', 'C', 'G', 'T'];
        let mut barcode = || (0..14).map(|_| letters[(noise.uniform() * 4.0) as usize]).collect::<String>() + "-1";
        Ok(Self {
            names: (0..n_cells).map(|_| barcode()).collect(),
            types: Labels::from_texts(&texts),
            batches: Labels::from_optional_texts(&batches),
            depth: (0..n_cells).map(|_| (7.6 + 0.4 * noise.normal()).exp().round()).collect(),
            flat: Embedding::new(Array2::from_shape_fn((n_cells, 2), |(cell, axis)| places[cell][axis]))?,
            solid: Embedding::new(Array2::from_shape_fn((n_cells, 3), |(cell, axis)| places[cell][axis]))?,
            latent: Embedding::new(latent)?,
            genes,
        })
    }

    fn values(&self) -> Vec<GeneValues<'_>> {
        self.genes.iter().map(|(name, values)| GeneValues { name, values }).collect()
    }
}

fn draw_cluster(at: f32) -> usize {
    let mut sum = 0.0;
    CLUSTERS
        .iter()
        .position(|cluster| {
            sum += cluster.2;
            at < sum
        })
        .unwrap_or(0)
}

/// A place in a curved and stretched cloud around the middle of a cluster.
fn place(cluster: usize, noise: &mut Noise) -> [f32; 3] {
    let (turn, size) = (cluster as f32 * 1.1, 0.45 + CLUSTERS[cluster].2.sqrt());
    let (along, across, up) = (1.5 * size * noise.normal(), 0.75 * size * noise.normal(), size * noise.normal());
    let bent = across + 0.16 * along * along;
    let [x, y, z] = CLUSTERS[cluster].1;
    [x + along * turn.cos() - bent * turn.sin(), y + along * turn.sin() + bent * turn.cos(), z + up]
}

fn expression(home: usize, types: &[usize], noise: &mut Noise) -> Vec<f32> {
    let found = 0.55 + 0.4 * noise.uniform();
    let level = 1.4 + 2.4 * noise.uniform();
    let mut value = |cluster: usize| {
        let chance = if cluster == home { found } else { 0.06 };
        if noise.uniform() < chance { (level + 0.6 * noise.normal()).max(0.1) } else { 0.0 }
    };
    types.iter().map(|&cluster| value(cluster)).collect()
}

fn write_report(cells: &Cells) -> Result<String, Box<dyn Error>> {
    let trust = trust_table()?;
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let contexts = (0..CLUSTERS.len()).map(|cluster| context(cells, cluster)).collect::<Result<_, _>>()?;
    Ok(report(&Report {
        title: "CONCORD on made-up blood cells".to_owned(),
        subtitle: "Latent code, its neurons, and the genes that drive them".to_owned(),
        facts: vec![
            fact("Input", "made_up.h5ad"),
            fact("Cells", &cells.names.len().to_string()),
            fact("Genes", "13714, of which 2000 were selected (seurat_v3)"),
            fact("Latent neurons", "100"),
            fact("Epochs", "15, batches of 256"),
            fact("Seed", "0"),
            fact("Training time", "8.1 s on 2 cores"),
            fact("Version", "concord 0.1.0"),
        ],
        warnings: vec!["Only one domain was given: batch effects, if there are any, were not removed.".to_owned()],
        embeddings: vec![("UMAP".to_owned(), &cells.flat), ("UMAP, 3-D".to_owned(), &cells.solid)],
        panels: vec![
            Panel::new("cell type", Colouring::categories(&cells.types)),
            Panel::new("donor", Colouring::categories(&cells.batches)),
            Panel::new("n_counts", Colouring::values(&cells.depth, "counts")),
        ],
        neurons: Some(&cells.latent),
        genes: cells.values(),
        cell_names: Some(&cells.names),
        summary_figures: vec![ReportFigure { caption: "Loss of every epoch.".to_owned(), figure: curve()? }],
        latent_figures: latent_figures(cells)?,
        contexts,
        trust: Some(TrustTable {
            caption: "Areas under deletion and insertion curves of the 100 first genes, by method.".to_owned(),
            table: &trust,
            glossary: vec![
                ("Deletion".to_owned(), "How far the activation falls while the first genes are set to their mean, as a part of it; higher is better.".to_owned()),
                ("Insertion".to_owned(), "How far it rises while they are put back; higher is better.".to_owned()),
                ("Random model".to_owned(), "Rank correlation with a model of random weights; near zero is better.".to_owned()),
            ],
        }),
        ..Report::default()
    })?)
}

fn curve() -> Result<Figure, Box<dyn Error>> {
    let losses: Vec<f32> = (0..15).map(|epoch| 3.2 + 2.4 * (-0.4 * epoch as f32).exp()).collect();
    Ok(training_curve(&losses, &CurveStyle::default())?)
}

fn latent_figures(cells: &Cells) -> Result<Vec<ReportFigure>, Box<dyn Error>> {
    let members = cells.types.members();
    // Cells in the order of their clusters and neurons in the order of theirs show the blocks that trees would find.
    let shown: Vec<usize> = members.iter().flat_map(|cells| cells.iter().copied().step_by(3)).take(1000).collect();
    let neurons: Vec<usize> = (0..8).flat_map(|first| (first..N_NEURONS).step_by(8)).collect();
    let values = Array2::from_shape_fn((N_NEURONS, shown.len()), |(row, column)| {
        cells.latent.point(shown[column])[neurons[row]]
    });
    let content = Heatmap {
        values: &values,
        value_name: "activation".to_owned(),
        rows: Side { order: Order::default(), title: "neurons".to_owned(), ..Side::default() },
        columns: Side { title: "cells".to_owned(), ..Side::default() },
    };
    let names: Vec<String> = (0..16).map(|neuron| neuron.to_string()).collect();
    let contexts = cells.types.names();
    let means = Array2::from_shape_fn((16, contexts.len()), |(neuron, context)| {
        let values = members[context].iter().map(|&cell| cells.latent.point(cell)[neuron]);
        values.sum::<f32>() / members[context].len().max(1) as f32
    });
    Ok(vec![
        ReportFigure {
            caption: format!("Latent code of {} cells (columns) in 100 neurons (rows).", shown.len()),
            figure: heatmap(&content, &HeatmapStyle::default())?,
        },
        ReportFigure {
            caption: "Mean activation of the first neurons in each context.".to_owned(),
            figure: mean_activation(&means, &names, contexts, "mean activation")?,
        },
    ])
}

fn context(cells: &Cells, cluster: usize) -> Result<ContextPage, Box<dyn Error>> {
    let name = CLUSTERS[cluster].0;
    let code = cells.types.names().iter().position(|other| other == name);
    let n_cells = code.map_or(0, |code| cells.types.sizes()[code]);
    let neuron = |place: usize| -> Result<TargetPage, Box<dyn Error>> {
        let neuron = cluster + 8 * place;
        target(cells, cluster, format!("neuron {neuron}"), Some(neuron))
    };
    let targets = vec![target(cells, cluster, "against the rest".to_owned(), None)?, neuron(3)?, neuron(7)?];
    Ok(ContextPage { name: name.to_owned(), n_cells, targets })
}

fn target(cells: &Cells, cluster: usize, name: String, neuron: Option<usize>) -> Result<TargetPage, Box<dyn Error>> {
    let mut noise = Noise((cluster * 100 + neuron.unwrap_or(99)) as u64);
    let markers = CLUSTERS[cluster].3.map(str::to_owned).into_iter();
    let others =
        (0..CLUSTERS.len()).filter(|&other| other != cluster).flat_map(|other| CLUSTERS[other].3.map(str::to_owned));
    let rest = (1..420).map(|number| format!("AC{:06}.{}", 4000 + 37 * number, number % 3 + 1));
    let genes: Vec<GeneRow> = markers
        .chain(others)
        .chain(rest)
        .enumerate()
        .map(|(place, gene)| GeneRow {
            rank: place + 1,
            gene,
            importance: 0.31 * (-(place as f32) / 40.0).exp() * (1.0 - 0.2 * place as f32 / (place as f32 + 1.0)),
            mean_expression: 2.5 * noise.uniform() * (-(place as f32) / 90.0).exp(),
            nonzero_fraction: 0.03 + 0.95 * noise.uniform() * (-(place as f32) / 120.0).exp(),
        })
        .collect();
    let strip: Vec<GeneValues<'_>> = cells.values()[8 * cluster..8 * cluster + 8].to_vec();
    let terms: Vec<TermRow> = (0..24).map(|place| term(place, cluster, &genes, &mut noise)).collect();
    let bars: Vec<Term> = terms
        .iter()
        .take(6)
        .map(|row| Term { name: row.term.clone(), score: -row.adjusted_p_value.log10(), remark: row.overlap.clone() })
        .collect();
    Ok(TargetPage {
        name,
        neuron,
        strip: Some(gene_strip(
            &cells.flat,
            &strip,
            &GeneStripStyle { raster_dpi: 150.0, ..GeneStripStyle::default() },
        )?),
        terms_figure: Some(term_bars(&bars, &TermBarsStyle::default())?),
        genes,
        terms,
    })
}

fn term(place: usize, cluster: usize, genes: &[GeneRow], noise: &mut Noise) -> TermRow {
    let n_shared = 21 - place.min(18);
    let p_value = 10f64.powf(f64::from(noise.uniform()) - 9.0 + 0.4 * place as f64);
    let name = TERMS[(place + cluster) % TERMS.len()];
    TermRow {
        term: format!("{name} (GO:{:07})", 1_700 + 97 * place + 13 * cluster),
        overlap: format!("{n_shared}/{}", 30 + 17 * place),
        p_value: p_value.min(1.0),
        adjusted_p_value: (p_value * 60.0 / (place + 1) as f64).min(1.0),
        score: -p_value.ln() * (n_shared as f64),
        genes: genes.iter().skip(place % 4).take(n_shared).map(|row| row.gene.clone()).collect(),
    }
}

fn trust_table() -> Result<Table, Box<dyn Error>> {
    let methods = ["gradient × input", "integrated gradients", "gradient", "highest expression", "random"];
    let mut table = Table::new(methods.len());
    table.insert("Method", Column::Texts(methods.iter().map(|&name| Some(name.to_owned())).collect()))?;
    table.insert("Deletion", Column::Floats(vec![0.612, 0.608, 0.421, 0.377, 0.004]))?;
    table.insert("Insertion", Column::Floats(vec![0.588, 0.594, 0.390, 0.342, 0.011]))?;
    table.insert("Random model", Column::Floats(vec![0.03, 0.02, 0.05, f64::NAN, f64::NAN]))?;
    Ok(table)
}
