//! Draws every kind of figure from a table of cells.
//!
//! `cargo run --release -p concord-plot --example figures -- CELLS.tsv OUT/` wants a tab-separated table with a header:
//! two coordinates, a category, and then any number of numeric columns.

use std::error::Error;
use std::fs;
use std::path::Path;

use concord_core::{Embedding, Labels};
use concord_plot::{
    AxesLook, Colouring, CurveStyle, EmbeddingStyle, Figure, LegendPlacement, Palette, Panel, ValueColours, embedding,
    training_curve,
};

struct Cells {
    umap: Embedding,
    types: Labels,
    /// Names and values of the numeric columns.
    numbers: Vec<(String, Vec<f32>)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, table, out] = arguments.as_slice() else {
        return Err("usage: figures CELLS.tsv OUT/".into());
    };
    let (cells, out) = (read_cells(Path::new(table))?, Path::new(out));
    fs::create_dir_all(out)?;
    write(out, "embedding", &categories(&cells)?)?;
    write(out, "embedding_on_data", &on_data(&cells)?)?;
    write(out, "embedding_values", &values(&cells)?)?;
    let losses: Vec<f32> = (0..15).map(|epoch| 3.2 + 2.4 * (-0.4 * epoch as f32).exp()).collect();
    write(out, "training", &training_curve(&losses, &CurveStyle::default())?)?;
    Ok(())
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
