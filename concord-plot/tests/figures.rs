//! Figures as a reader of their files sees them: well-formed, legible, the same every time, and honest about bad input.

use std::error::Error;
use std::sync::Arc;

use concord_core::{Embedding, Labels};
use concord_plot::{
    Annotation, AxesLook, Colour, Colouring, CurveStyle, Dendrogram, EmbeddingStyle, Figure, GeneStripStyle,
    GeneValues, Heatmap, HeatmapStyle, LegendPlacement, Merge, Order, Panel, PlotError, Side, Term, TermBarsStyle,
    Threshold, ValueColours, embedding, gene_strip, heatmap, mean_activation, term_bars, training_curve,
};
use ndarray::{Array2, array};

type TestResult = Result<(), Box<dyn Error>>;

/// Names that break careless writers.
const HOSTILE: [&str; 4] = ["<b>bold</b> & \"quoted\"", "naïve CD4⁺ T cells", "]]>", "a'b\u{0}c\u{ffff}"];

/// `n_cells` points on a spiral, and labels that follow it.
fn spiral(n_cells: usize, names: &[&str]) -> Result<(Embedding, Labels), Box<dyn Error>> {
    let angle = |cell: usize| cell as f32 / n_cells as f32 * 12.0;
    let points = Array2::from_shape_fn((n_cells, 2), |(cell, axis)| {
        let angle = angle(cell);
        (angle + 1.0) * if axis == 0 { angle.cos() } else { angle.sin() }
    });
    let codes = (0..n_cells).map(|cell| Some((cell * names.len() / n_cells) as u32)).collect();
    Ok((Embedding::new(points)?, Labels::new(codes, names.iter().map(ToString::to_string).collect())?))
}

fn one_of_each() -> Result<Vec<(&'static str, Figure)>, Box<dyn Error>> {
    let (points, labels) = spiral(500, &HOSTILE)?;
    let values: Vec<f32> = (0..500).map(|cell| if cell % 9 == 0 { f32::NAN } else { cell as f32 - 200.0 }).collect();
    let diverging = ValueColours { centre: Some(0.0), vmax_quantile: 0.9, ..ValueColours::new(&values, HOSTILE[0]) };
    let panels = [
        Panel::new(HOSTILE[0], Colouring::categories(&labels)),
        Panel::new("numbers", Colouring::Values(diverging)),
        Panel::new("", Colouring::Plain),
    ];
    let style = EmbeddingStyle { show_counts: true, ..EmbeddingStyle::default() };
    let on_data = EmbeddingStyle { legend: LegendPlacement::OnData, axes: AxesLook::Arrows, ..style.clone() };
    let genes = [GeneValues { name: "LYZ", values: &values }, GeneValues { name: HOSTILE[2], values: &values }];
    let names = HOSTILE.map(String::from);
    let terms = [("regulation of <something> & more", 3.0), ("down", -1.5)];
    let terms = terms.map(|(name, score)| Term { name: name.to_owned(), score, remark: "3/14".to_owned() });
    let bars = TermBarsStyle { threshold: Some(Threshold::p_value(0.05)), ..TermBarsStyle::default() };
    Ok(vec![
        ("embedding", embedding(&points, &panels, &style)?),
        ("on data", embedding(&points, &panels[..1], &on_data)?),
        ("strip", gene_strip(&points, &genes, &GeneStripStyle::default())?),
        ("heat map", clustered()?),
        ("means", mean_activation(&array![[1.0, -2.0, 0.5, f32::NAN]], &names[..1], &names, HOSTILE[0])?),
        ("terms", term_bars(&terms, &bars)?),
        ("curve", training_curve(&[5.0, 4.0, f32::NAN, 3.5, 3.4], &CurveStyle::default())?),
    ])
}

fn clustered() -> Result<Figure, Box<dyn Error>> {
    let values = Array2::from_shape_fn((4, 6), |(row, column)| (row * column) as f32);
    let merge = |first, second, height| Merge { first, second, height };
    let tree = Dendrogram::new(vec![merge(2, 0, 1.0), merge(4, 3, 1.5), merge(5, 1, 4.0)])?;
    let labels = Labels::from_texts(&["a", "b", "a", "b", "c", "c"]);
    let names = HOSTILE.map(String::from);
    let content = Heatmap {
        values: &values,
        value_name: "activation".to_owned(),
        rows: Side { names: Some(&names), order: Order::Tree(&tree), title: "neurons".to_owned(), ..Side::default() },
        columns: Side {
            title: "cells".to_owned(),
            annotations: vec![Annotation { name: "cell type".to_owned(), labels: &labels, palette: None }],
            ..Side::default()
        },
    };
    Ok(heatmap(&content, &HeatmapStyle { title: "latent".to_owned(), ..HeatmapStyle::default() })?)
}

/// The ink of a text and what it says.
type Ink = (usvg::Rect, String);

/// All texts as they are laid out in the bundled font, and the size of the page.
fn texts(figure: &Figure) -> Result<(Vec<Ink>, usvg::Size), Box<dyn Error>> {
    let mut options = usvg::Options::default();
    let fonts = Arc::make_mut(&mut options.fontdb);
    for font in ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"] {
        fonts.load_font_file(format!("{}/fonts/{font}", env!("CARGO_MANIFEST_DIR")))?;
    }
    let tree = usvg::Tree::from_str(&figure.to_svg()?, &options)?;
    let mut found = Vec::new();
    collect_texts(tree.root(), &mut found);
    Ok((found, tree.size()))
}

fn collect_texts(group: &usvg::Group, found: &mut Vec<Ink>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => collect_texts(group, found),
            usvg::Node::Text(text) => {
                let content = text.chunks().iter().map(usvg::TextChunk::text).collect();
                // The ink of the letters, not their line box, which is half empty.
                let ink = text.flattened().bounding_box().transform(text.abs_transform());
                found.extend(ink.map(|ink| (ink, content)));
            }
            _ => {}
        }
    }
}

fn assert_legible(what: &str, figure: &Figure) -> TestResult {
    let (texts, page) = texts(figure)?;
    assert!(!texts.is_empty(), "{what}");
    for (place, (a, text)) in texts.iter().enumerate() {
        assert!(
            a.left() >= 0.0 && a.top() >= 0.0 && a.right() <= page.width() && a.bottom() <= page.height(),
            "{what}: `{text}` leaves the page: {a:?}"
        );
        for (b, other) in &texts[..place] {
            let apart =
                a.left() >= b.right() || b.left() >= a.right() || a.top() >= b.bottom() || b.top() >= a.bottom();
            assert!(apart, "{what}: `{text}` lies over `{other}`");
        }
    }
    Ok(())
}

/// The picture at a resolution: width, height and three bytes a pixel.
fn pixels(figure: &Figure, dpi: f64) -> Result<(usize, usize, Vec<u8>), Box<dyn Error>> {
    let bytes = figure.to_png(dpi)?;
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large")?];
    let info = reader.next_frame(&mut pixels)?;
    assert_eq!(info.color_type, png::ColorType::Rgb);
    Ok((info.width as usize, info.height as usize, pixels))
}

fn shows(pixels: &[u8], colour: Colour) -> bool {
    pixels.chunks_exact(3).any(|pixel| pixel == [colour.red, colour.green, colour.blue])
}

#[test]
fn svg_is_well_formed_whatever_the_names() -> TestResult {
    for (what, figure) in one_of_each()? {
        let svg = figure.to_svg()?;
        let document = roxmltree::Document::parse(&svg).map_err(|error| format!("{what}: {error}"))?;
        assert!(!document.descendants().any(|node| node.has_tag_name("b")), "{what}: markup got through");
        for text in document.descendants().filter(|node| node.tag_name().name() == "text") {
            assert!(text.text().is_some_and(|text| !text.is_empty()), "{what}: empty text");
        }
    }
    let (points, labels) = spiral(40, &HOSTILE)?;
    let svg =
        embedding(&points, &[Panel::new("t", Colouring::categories(&labels))], &EmbeddingStyle::default())?.to_svg()?;
    let document = roxmltree::Document::parse(&svg)?;
    for name in &HOSTILE[..3] {
        assert!(document.descendants().any(|node| node.text() == Some(name)), "{name} is not written as it is");
    }
    Ok(())
}

#[test]
fn texts_never_overlap_or_leave_the_page() -> TestResult {
    for (what, figure) in one_of_each()? {
        assert_legible(what, &figure)?;
    }
    for n_categories in [2, 12, 30, 55, 150] {
        let names: Vec<String> = (0..n_categories).map(|category| format!("cell type {category}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (points, labels) = spiral(3000, &names)?;
        for legend in [LegendPlacement::OnData, LegendPlacement::Right] {
            let style = EmbeddingStyle { legend, show_counts: true, ..EmbeddingStyle::default() };
            let figure = embedding(&points, &[Panel::new("types", Colouring::categories(&labels))], &style)?;
            assert_legible(&format!("{n_categories} {legend:?}"), &figure)?;
        }
    }
    Ok(())
}

#[test]
fn the_same_figure_has_the_same_bytes() -> TestResult {
    for ((what, first), (_, second)) in one_of_each()?.into_iter().zip(one_of_each()?) {
        assert_eq!(first.to_svg()?, second.to_svg()?, "{what}");
        assert_eq!(first.to_png(90.0)?, second.to_png(90.0)?, "{what}");
        let pdf = first.to_pdf()?;
        assert_eq!(pdf, second.to_pdf()?, "{what}");
        assert!(pdf.starts_with(b"%PDF") && pdf.ends_with(b"%%EOF"), "{what}");
    }
    Ok(())
}

#[test]
fn a_picture_has_the_size_of_its_resolution() -> TestResult {
    let figure = training_curve(&[3.0, 2.0], &CurveStyle::default())?;
    for dpi in [50.0, 72.0, 300.0] {
        let (width, height, _) = pixels(&figure, dpi)?;
        assert_eq!(width, (figure.width() * dpi / 72.0).ceil() as usize);
        assert_eq!(height, (figure.height() * dpi / 72.0).ceil() as usize);
    }
    assert!(matches!(figure.to_png(f64::NAN), Err(PlotError::BadSetting { name: "dpi", .. })));
    assert!(matches!(figure.to_png(0.0), Err(PlotError::BadSetting { .. })));
    Ok(())
}

#[test]
fn cells_without_a_label_lie_below_the_others() -> TestResult {
    let (red, points) = (Colour::hex(0xff_00_00), Embedding::new(array![[1.0, 1.0], [1.0, 1.0]])?);
    for codes in [[None, Some(0)], [Some(0), None]] {
        let labels = Labels::new(codes.to_vec(), vec!["T".to_owned()])?;
        let panel = Panel::new("", Colouring::Categories { labels: &labels, palette: Some(vec![red]) });
        let style = EmbeddingStyle { legend: LegendPlacement::None, ..EmbeddingStyle::default() };
        let (.., pixels) = pixels(&embedding(&points, &[panel], &style)?, 150.0)?;
        assert!(shows(&pixels, red) && !shows(&pixels, Colour::MISSING));
    }
    Ok(())
}

#[test]
fn numbers_that_are_not_finite_are_grey() -> TestResult {
    let points = Embedding::new(array![[0.0, 0.0], [5.0, 5.0]])?;
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let values = [value, 1.0];
        let figure = embedding(&points, &[Panel::new("", Colouring::values(&values, ""))], &EmbeddingStyle::default())?;
        assert!(shows(&pixels(&figure, 150.0)?.2, Colour::MISSING), "{value}");
        let all =
            embedding(&points, &[Panel::new("", Colouring::values(&[value; 2], ""))], &EmbeddingStyle::default())?;
        assert!(!all.to_svg()?.contains("linearGradient"), "a colour bar of nothing");
    }
    Ok(())
}

#[test]
fn many_cells_make_a_small_file() -> TestResult {
    let (points, labels) = spiral(100_000, &["a", "b", "c"])?;
    let figure = embedding(&points, &[Panel::new("", Colouring::categories(&labels))], &EmbeddingStyle::default())?;
    assert!(figure.to_svg()?.len() < 1_000_000);
    assert!(figure.to_pdf()?.len() < 1_000_000);
    Ok(())
}

#[test]
fn rows_are_drawn_in_the_order_of_the_tree() -> TestResult {
    let svg = clustered()?.to_svg()?;
    let document = roxmltree::Document::parse(&svg)?;
    let names: Vec<&str> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "text")
        .filter_map(|node| node.text())
        .filter(|text| text.contains("bold") || text.contains("naïve") || *text == "]]>" || text.starts_with("a'b"))
        .collect();
    assert_eq!(names, [HOSTILE[2], HOSTILE[0], "a'b\u{fffd}c\u{fffd}", HOSTILE[1]]);
    Ok(())
}

#[test]
fn bad_embeddings_are_refused() -> TestResult {
    let (points, labels) = spiral(10, &["a", "b"])?;
    let style = EmbeddingStyle::default();
    let draw = |panel: Panel<'_>| embedding(&points, &[panel], &style).map(|_| ());
    let short = Labels::from_texts(&["a"]);
    let mismatch = PlotError::LengthMismatch { what: "colours of panel `p`".to_owned(), expected: 10, found: 1 };
    assert_eq!(draw(Panel::new("p", Colouring::categories(&short))), Err(mismatch.clone()));
    assert_eq!(draw(Panel::new("p", Colouring::values(&[1.0], ""))), Err(mismatch));
    let palette = Some(vec![Colour::BLACK]);
    let few = draw(Panel::new("p", Colouring::Categories { labels: &labels, palette }));
    assert_eq!(few, Err(PlotError::PaletteTooShort { expected: 2, found: 1 }));
    let values = [0.0; 10];
    let quantile = ValueColours { vmax_quantile: 0.0, ..ValueColours::new(&values, "") };
    assert!(matches!(draw(Panel::new("p", Colouring::Values(quantile))), Err(PlotError::BadSetting { .. })));
    assert!(matches!(embedding(&points, &[], &style), Err(PlotError::Empty { .. })));
    let wide = Embedding::new(Array2::zeros((4, 3)))?;
    let refused = embedding(&wide, &[Panel::new("p", Colouring::Plain)], &style).map(|_| ());
    assert_eq!(refused, Err(PlotError::NotTwoDimensional { found: 3 }));
    for bad in [
        EmbeddingStyle { opacity: f64::NAN, ..style.clone() },
        EmbeddingStyle { raster_dpi: 1e9, ..style.clone() },
        EmbeddingStyle { point_size: Some(-1.0), ..style.clone() },
        EmbeddingStyle { n_columns: Some(0), ..style.clone() },
    ] {
        let refused = embedding(&points, &[Panel::new("p", Colouring::Plain)], &bad).map(|_| ());
        assert!(matches!(refused, Err(PlotError::BadSetting { .. })), "{bad:?}");
    }
    Ok(())
}

#[test]
fn bad_heat_maps_are_refused() {
    let values = Array2::zeros((2, 3));
    let draw = |rows: Side<'_>| {
        let content = Heatmap { values: &values, value_name: String::new(), rows, columns: Side::default() };
        heatmap(&content, &HeatmapStyle::default()).map(|_| ())
    };
    assert_eq!(draw(Side::default()), Ok(()));
    let order = |order| Side { order: Order::Given(order), ..Side::default() };
    assert_eq!(draw(order(&[1, 0])), Ok(()));
    assert_eq!(draw(order(&[1, 1])), Err(PlotError::BadOrder { what: "rows", position: 1, length: 2 }));
    assert_eq!(draw(order(&[2, 0])), Err(PlotError::BadOrder { what: "rows", position: 2, length: 2 }));
    assert!(matches!(draw(order(&[0])), Err(PlotError::LengthMismatch { expected: 2, found: 1, .. })));
    let names = ["one".to_owned()];
    let named = Side { names: Some(&names), ..Side::default() };
    assert!(matches!(draw(named), Err(PlotError::LengthMismatch { expected: 2, found: 1, .. })));
    let labels = Labels::from_texts(&["a", "b", "c"]);
    let annotations = vec![Annotation { name: "type".to_owned(), labels: &labels, palette: None }];
    let annotated = Side { annotations, ..Side::default() };
    assert!(matches!(draw(annotated), Err(PlotError::LengthMismatch { expected: 2, found: 3, .. })));
    let nothing = mean_activation(&Array2::zeros((0, 3)), &[], &[], "").map(|_| ());
    assert_eq!(nothing, Err(PlotError::Empty { what: "the matrix" }));
}

#[test]
fn bad_terms_and_losses_are_refused() {
    let term = Term { name: "t".to_owned(), score: f64::INFINITY, remark: String::new() };
    let style = TermBarsStyle::default();
    assert!(matches!(term_bars(&[term], &style), Err(PlotError::BadSetting { .. })));
    assert!(matches!(term_bars(&[], &style), Err(PlotError::Empty { .. })));
    for losses in [&[][..], &[f32::NAN]] {
        assert!(matches!(training_curve(losses, &CurveStyle::default()), Err(PlotError::Empty { .. })));
    }
}
