//! Draws every kind of figure from tab-separated tables: `cargo run --release -p concord-plot --example figures -- IN/ OUT/`.
//!
//! - `cells.tsv`, with a header: two coordinates, a category, and then any number of numeric columns.
//! - `latent.tsv`, without: the latent code, a line for each cell.
//! - `sample.tsv`: the cells (from 0) that the heat map shows, one a line.
//! - `cell_merges.tsv`, `neuron_merges.tsv`: linkage matrices of the sample and of the neurons as scipy writes them.
//! - `terms.tsv`: name, score and remark of enriched terms.

use std::error::Error;
use std::fs;
use std::path::Path;

use concord_core::{Embedding, Labels};
use concord_plot::{
    Annotation, AxesLook, Colouring, CurveStyle, Dendrogram, EmbeddingStyle, Figure, GeneStripStyle, GeneValues,
    Heatmap, HeatmapStyle, LegendPlacement, Merge, Order, Palette, Panel, Side, Term, TermBarsStyle, Threshold,
    ValueColours, embedding, gene_strip, heatmap, mean_activation, term_bars, training_curve,
};
use ndarray::Array2;

struct Cells {
    umap: Embedding,
    types: Labels,
    /// Names and values of the numeric columns.
    numbers: Vec<(String, Vec<f32>)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, tables, out] = arguments.as_slice() else {
        return Err("usage: figures IN/ OUT/".into());
    };
    let (tables, out) = (Path::new(tables), Path::new(out));
    let cells = read_cells(&tables.join("cells.tsv"))?;
    fs::create_dir_all(out)?;
    write(out, "embedding", &categories(&cells)?)?;
    write(out, "embedding_on_data", &on_data(&cells)?)?;
    write(out, "embedding_values", &values(&cells)?)?;
    let losses: Vec<f32> = (0..15).map(|epoch| 3.2 + 2.4 * (-0.4 * epoch as f32).exp()).collect();
    write(out, "training", &training_curve(&losses, &CurveStyle::default())?)?;
    write(out, "genes", &strip(&cells)?)?;
    let latent = read_numbers(&tables.join("latent.tsv"))?;
    write(out, "latent", &latent_heatmap(tables, &cells, &latent)?)?;
    write(out, "means", &means(&cells, &latent)?)?;
    write(out, "terms", &terms(&tables.join("terms.tsv"))?)?;
    Ok(())
}

fn strip(cells: &Cells) -> Result<Figure, Box<dyn Error>> {
    let genes = cells.numbers.iter().skip(1).take(8);
    let genes: Vec<GeneValues<'_>> = genes.map(|(name, values)| GeneValues { name, values }).collect();
    Ok(gene_strip(&cells.umap, &genes, &GeneStripStyle::default())?)
}

fn latent_heatmap(tables: &Path, cells: &Cells, latent: &Array2<f32>) -> Result<Figure, Box<dyn Error>> {
    let sample = read_numbers(&tables.join("sample.tsv"))?;
    let sample: Vec<usize> = sample.iter().map(|&cell| cell as usize).collect();
    let values = Array2::from_shape_fn((latent.ncols(), sample.len()), |(neuron, cell)| latent[[sample[cell], neuron]]);
    let (cell_tree, neuron_tree) =
        (read_tree(&tables.join("cell_merges.tsv"))?, read_tree(&tables.join("neuron_merges.tsv"))?);
    let types = cells.types.select(&sample);
    let depth = cells.numbers.first().map(|(name, values)| {
        let texts: Vec<&str> =
            sample.iter().map(|&cell| if values[cell] > 2000.0 { "> 2000" } else { "≤ 2000" }).collect();
        (name.clone(), Labels::from_texts(&texts))
    });
    let mut annotations = vec![Annotation { name: "cell type".to_owned(), labels: &types, palette: None }];
    annotations.extend(depth.iter().map(|(name, labels)| Annotation { name: name.clone(), labels, palette: None }));
    let content = Heatmap {
        values: &values,
        value_name: "activation".to_owned(),
        rows: Side { title: "neurons".to_owned(), order: Order::Tree(&neuron_tree), ..Side::default() },
        columns: Side {
            title: format!("{} cells", sample.len()),
            names: None,
            order: Order::Tree(&cell_tree),
            annotations,
        },
    };
    let style = HeatmapStyle { vmax_quantile: 0.99, ..HeatmapStyle::default() };
    Ok(heatmap(&content, &style)?)
}

fn means(cells: &Cells, latent: &Array2<f32>) -> Result<Figure, Box<dyn Error>> {
    let members = cells.types.members();
    let mean = |neuron: usize, kind: usize| {
        members[kind].iter().map(|&cell| latent[[cell, neuron]]).sum::<f32>() / members[kind].len() as f32
    };
    let mut top: Vec<usize> = Vec::new();
    for kind in 0..members.len() {
        let mut neurons: Vec<usize> = (0..latent.ncols()).collect();
        neurons.sort_by(|&a, &b| mean(b, kind).total_cmp(&mean(a, kind)));
        let new: Vec<usize> = neurons.into_iter().take(2).filter(|neuron| !top.contains(neuron)).collect();
        top.extend(new);
    }
    let values = Array2::from_shape_fn((top.len(), members.len()), |(row, kind)| mean(top[row], kind));
    let names: Vec<String> = top.iter().map(ToString::to_string).collect();
    Ok(mean_activation(&values, &names, cells.types.names(), "top neurons of each cell type")?)
}

fn terms(path: &Path) -> Result<Figure, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let term = |line: &str| -> Result<Term, Box<dyn Error>> {
        let [name, score, remark] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err("a term has three columns".into());
        };
        Ok(Term { name: name.to_owned(), score: score.parse()?, remark: remark.to_owned() })
    };
    let terms: Vec<Term> = text.lines().map(term).collect::<Result<_, _>>()?;
    let style = TermBarsStyle {
        title: "CD4 T cells, neuron 50".to_owned(),
        threshold: Some(Threshold::p_value(0.05)),
        ..TermBarsStyle::default()
    };
    Ok(term_bars(&terms, &style)?)
}

fn read_numbers(path: &Path) -> Result<Array2<f32>, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let n_columns = text.lines().next().map_or(0, |line| line.split('\t').count());
    let numbers: Vec<f32> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    Ok(Array2::from_shape_vec((numbers.len() / n_columns.max(1), n_columns), numbers)?)
}

fn read_tree(path: &Path) -> Result<Dendrogram, Box<dyn Error>> {
    let numbers = read_numbers(path)?;
    let merge = |row: ndarray::ArrayView1<'_, f32>| Merge {
        first: row[0] as usize,
        second: row[1] as usize,
        height: f64::from(row[2]),
    };
    Ok(Dendrogram::new(numbers.outer_iter().map(merge).collect())?)
}

fn categories(cells: &Cells) -> Result<Figure, Box<dyn Error>> {
    let style = EmbeddingStyle { show_counts: true, ..EmbeddingStyle::default() };
    Ok(embedding(&cells.umap, &[Panel::new("cell type", Colouring::categories(&cells.types))], &style)?)
}

fn on_data(cells: &Cells) -> Result<Figure, Box<dyn Error>> {
    let style = EmbeddingStyle {
        legend: LegendPlacement::OnData,
        axes: AxesLook::Arrows,
        palette: Palette::OkabeIto,
        ..EmbeddingStyle::default()
    };
    Ok(embedding(&cells.umap, &[Panel::new("cell type", Colouring::categories(&cells.types))], &style)?)
}

fn values(cells: &Cells) -> Result<Figure, Box<dyn Error>> {
    let mut panels = vec![Panel::new("cell type", Colouring::categories(&cells.types))];
    for (name, values) in cells.numbers.iter().take(5) {
        let colours = ValueColours { vmax_quantile: 0.99, ..ValueColours::new(values, "") };
        panels.push(Panel::new(name, Colouring::Values(colours)));
    }
    let style = EmbeddingStyle { panel_width: 160.0, ..EmbeddingStyle::default() };
    Ok(embedding(&cells.umap, &panels, &style)?)
}

fn write(out: &Path, name: &str, figure: &Figure) -> Result<(), Box<dyn Error>> {
    fs::write(out.join(format!("{name}.svg")), figure.to_svg()?)?;
    fs::write(out.join(format!("{name}.png")), figure.to_png(200.0)?)?;
    fs::write(out.join(format!("{name}.pdf")), figure.to_pdf()?)?;
    Ok(())
}

fn read_cells(path: &Path) -> Result<Cells, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().ok_or("the table is empty")?.split('\t').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    let column = |place: usize| -> Result<Vec<f32>, Box<dyn Error>> {
        rows.iter().map(|row| Ok(row.get(place).ok_or("a line is too short")?.parse()?)).collect()
    };
    let (x, y) = (column(0)?, column(1)?);
    let points =
        ndarray::Array2::from_shape_fn((rows.len(), 2), |(cell, axis)| if axis == 0 { x[cell] } else { y[cell] });
    let types: Vec<&str> = rows.iter().filter_map(|row| row.get(2).copied()).collect();
    let numbers = (3..names.len()).map(|place| Ok((names[place].to_owned(), column(place)?)));
    Ok(Cells {
        umap: Embedding::new(points)?,
        types: Labels::from_texts(&types),
        numbers: numbers.collect::<Result<_, Box<dyn Error>>>()?,
    })
}
