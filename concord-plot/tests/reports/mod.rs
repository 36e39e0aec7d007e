//! Reports to test with: one with names that break careless writers, and one of many cells.

use std::error::Error;

use concord_core::{Column, Embedding, Labels, Table};
use concord_plot::{
    Colour, Colouring, ContextPage, CurveStyle, GeneRow, GeneValues, Panel, PlotError, Report, ReportFigure,
    TargetPage, TermRow, TrustTable, report, training_curve,
};
use ndarray::Array2;

/// Names that end a script, an attribute or a path, or that look like places of a template.
pub(crate) const HOSTILE: [&str; 6] = [
    "</script><script>window.hacked = 1</script>",
    "\"><img src=x onerror=\"window.hacked = 1\">",
    "a/b & 'c' <!-- {{script}}",
    "</style></title><svg onload=window.hacked=1>",
    "javascript:window.hacked=1//${`",
    "naïve β⁺ \u{202e}cells\u{0}\u{2028}",
];

/// The data of `n_cells` cells in six groups on a ring.
pub(crate) struct Cells {
    pub(crate) flat: Embedding,
    pub(crate) solid: Embedding,
    pub(crate) latent: Embedding,
    pub(crate) labels: Labels,
    pub(crate) counts: Vec<f32>,
    pub(crate) genes: Vec<(String, Vec<f32>)>,
    pub(crate) names: Vec<String>,
    pub(crate) trust: Table,
}

impl Cells {
    pub(crate) fn new(n_cells: usize) -> Result<Self, Box<dyn Error>> {
        let groups = HOSTILE.len();
        let place = |cell: usize, axis: usize| {
            let (angle, spread) = ((cell % groups) as f32 * 1.047, (cell as f32 * 0.7).sin() * 0.6);
            let ring = [angle.cos(), angle.sin(), (angle * 2.0).sin()][axis] * 4.0;
            ring + spread * [(cell as f32).cos(), (cell as f32).sin(), (cell as f32 * 1.7).cos()][axis]
        };
        let points =
            |n_axes| Embedding::new(Array2::from_shape_fn((n_cells, n_axes), |(cell, axis)| place(cell, axis)));
        let codes = (0..n_cells).map(|cell| (cell % 50 != 49).then_some((cell % groups) as u32)).collect();
        let gene = |place: usize| {
            let value = |cell: usize| if cell % groups == place { 1.0 + (cell % 7) as f32 } else { 0.0 };
            (0..n_cells).map(value).collect()
        };
        let mut trust = Table::new(2);
        trust.insert(HOSTILE[3], Column::Texts(vec![Some(HOSTILE[0].to_owned()), None]))?;
        trust.insert("area", Column::Floats(vec![0.61, f64::NAN]))?;
        Ok(Self {
            flat: points(2)?,
            solid: points(3)?,
            latent: Embedding::new(Array2::from_shape_fn((n_cells, 4), |(cell, neuron)| {
                if cell % groups == neuron { 1.0 } else { -0.25 }
            }))?,
            labels: Labels::new(codes, HOSTILE.map(str::to_owned).to_vec())?,
            counts: (0..n_cells).map(|cell| if cell % 10 == 3 { f32::NAN } else { cell as f32 }).collect(),
            genes: vec![("LYZ".to_owned(), gene(0)), (HOSTILE[1].to_owned(), gene(1))],
            names: (0..n_cells).map(|cell| format!("{} {cell}", HOSTILE[cell % groups])).collect(),
            trust,
        })
    }

    /// A report that uses every part there is.
    pub(crate) fn report(&self) -> Result<Report<'_>, PlotError> {
        let colours: Vec<Colour> = ["#d1495b", "#00798c", "#edae49", "#30638e", "#66a182", "#8d5a97"]
            .map(str::parse)
            .into_iter()
            .collect::<Result<_, _>>()?;
        let figure = training_curve(&[3.0, 2.0, 1.5], &CurveStyle::default())?;
        let captioned = |caption: &str| ReportFigure { caption: caption.to_owned(), figure: figure.clone() };
        Ok(Report {
            title: HOSTILE[0].to_owned(),
            subtitle: HOSTILE[2].to_owned(),
            facts: vec![(HOSTILE[1].to_owned(), HOSTILE[3].to_owned())],
            warnings: vec![HOSTILE[1].to_owned()],
            embeddings: vec![(HOSTILE[2].to_owned(), &self.flat), (HOSTILE[1].to_owned(), &self.solid)],
            panels: vec![
                Panel::new(HOSTILE[0], Colouring::Categories { labels: &self.labels, palette: Some(colours) }),
                Panel::new("counts", Colouring::values(&self.counts, "counts")),
                Panel::new("all alike", Colouring::Plain),
            ],
            neurons: Some(&self.latent),
            genes: self.genes.iter().map(|(name, values)| GeneValues { name, values }).collect(),
            cell_names: Some(&self.names),
            summary_figures: vec![captioned(HOSTILE[1])],
            latent_figures: vec![captioned("Latent code."), captioned(HOSTILE[0])],
            contexts: vec![self.context(), ContextPage { name: "a/b".to_owned(), ..ContextPage::default() }],
            trust: Some(TrustTable {
                caption: HOSTILE[4].to_owned(),
                table: &self.trust,
                glossary: vec![("area".to_owned(), HOSTILE[1].to_owned())],
            }),
            ..Report::default()
        })
    }

    fn context(&self) -> ContextPage {
        let names = self.genes.iter().map(|(name, _)| name.clone()).chain((0..40).map(|gene| format!("G{gene}")));
        let genes = names.enumerate().map(|(place, gene)| GeneRow {
            rank: place + 1,
            gene,
            importance: 1.0 / (place + 1) as f32,
            mean_expression: place as f32,
            nonzero_fraction: if place == 3 { f32::NAN } else { 0.5 },
        });
        let terms = HOSTILE.iter().enumerate().map(|(place, term)| TermRow {
            term: (*term).to_owned(),
            overlap: format!("{place}/36"),
            p_value: 10f64.powi(-(place as i32)),
            adjusted_p_value: 0.5,
            score: if place == 0 { f64::INFINITY } else { place as f64 },
            genes: (0..12).map(|gene| format!("G{gene}")).chain([HOSTILE[1].to_owned()]).collect(),
        });
        let all = TargetPage {
            name: "against the rest".to_owned(),
            genes: genes.collect(),
            terms: terms.collect(),
            ..TargetPage::default()
        };
        let neuron = TargetPage { name: HOSTILE[1].to_owned(), neuron: Some(3), ..TargetPage::default() };
        ContextPage { name: HOSTILE[0].to_owned(), n_cells: 12_345, targets: vec![all, neuron] }
    }

    pub(crate) fn page(&self) -> Result<String, Box<dyn Error>> {
        Ok(report(&self.report()?)?)
    }
}
