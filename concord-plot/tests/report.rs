//! The report as bytes: the same every time, safe whatever the names are, and honest about bad input.

mod reports;

use std::error::Error;

use concord_core::{Embedding, Labels};
use concord_plot::{Colouring, GeneValues, Panel, PlotError, Report, report};
use ndarray::Array2;

use self::reports::{Cells, HOSTILE};

type TestResult = Result<(), Box<dyn Error>>;

#[test]
fn the_same_report_gives_the_same_bytes() -> TestResult {
    assert_eq!(Cells::new(200)?.page()?, Cells::new(200)?.page()?);
    Ok(())
}

#[test]
fn no_name_becomes_markup() -> TestResult {
    let page = Cells::new(60)?.page()?;
    for hostile in ["<script>window", "<img src=x", "<svg onload", "</style></title>", "<!-- "] {
        assert!(!page.contains(hostile), "{hostile}");
    }
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, page.matches("</script>").count());
    // The data, the program, three tables: what names hold would be more.
    assert_eq!(scripts, 5);
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(!page.contains('\0'));
    Ok(())
}

#[test]
fn ids_are_safe_and_unique() -> TestResult {
    let page = Cells::new(60)?.page()?;
    let body = page.split_once("<body>").ok_or("no body")?.1;
    let markup = body.split_once("<script type=\"module\">").ok_or("no program")?.0;
    let mut ids: Vec<&str> = markup.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let n_ids = ids.len();
    let is_safe = |id: &str| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    assert!(ids.iter().all(|id| is_safe(id)), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n_ids);
    for link in markup.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.binary_search(&link).is_ok(), "{link} leads nowhere");
    }
    Ok(())
}

#[test]
fn nothing_is_loaded() -> TestResult {
    let page = Cells::new(60)?.page()?;
    assert!(page.contains("default-src 'none'"));
    for start in ["src=\"", "href=\"", "url("] {
        for source in page.split(start).skip(1) {
            assert!(
                source.starts_with("data:") || source.starts_with('#'),
                "{start}{}",
                &source[..40.min(source.len())]
            );
        }
    }
    assert!(!page.contains("http:") && !page.contains("https:"));
    Ok(())
}

#[test]
fn a_report_may_hold_an_embedding_alone() -> TestResult {
    let cells = Cells::new(6)?;
    let page = report(&Report { embeddings: vec![("UMAP".to_owned(), &cells.flat)], ..Report::default() })?;
    for absent in ["id=\"latent\"", "id=\"trust\"", "id=\"context-1\"", "<strong>A sample.</strong>", "Contexts</h2>"] {
        assert!(!page.contains(absent), "{absent}");
    }
    Ok(())
}

#[test]
fn large_data_are_sampled_and_the_page_says_so() -> TestResult {
    let cells = Cells::new(1000)?;
    let page = report(&Report { max_cells: 100, ..cells.report()? })?;
    assert!(page.contains("<strong>A sample.</strong> 100 of 1000 cells"));
    assert!(page.contains("\"n_cells\":100,"));
    // Counts in the legend are those of all cells: 980 have a label, in six groups.
    assert!(page.contains("\"n_missing\":20"));
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> TestResult {
    let cells = Cells::new(6)?;
    let refused = |change: &dyn Fn(&mut Report<'_>)| -> Result<PlotError, Box<dyn Error>> {
        let mut content = cells.report()?;
        change(&mut content);
        report(&content).err().ok_or_else(|| "was taken".into())
    };
    assert_eq!(refused(&|content| content.embeddings.clear())?, PlotError::Empty { what: "the list of embeddings" });
    let no_cells = refused(&|content| content.max_cells = 0)?;
    assert!(matches!(no_cells, PlotError::BadSetting { name: "max_cells", .. }));
    let neuron = refused(&|content| content.contexts[0].targets[1].neuron = Some(4))?;
    assert!(matches!(neuron, PlotError::NoSuchNeuron { neuron: 4, n_neurons: 4, .. }));
    let other = Cells::new(7)?;
    let mut content = cells.report()?;
    content.embeddings.push(("latent".to_owned(), &cells.latent));
    let error = report(&content).err();
    assert_eq!(error, Some(PlotError::NotTwoOrThreeDimensional { name: "latent".to_owned(), found: 4 }));
    let mut parts = [cells.report()?, cells.report()?, cells.report()?, cells.report()?, cells.report()?];
    parts[0].embeddings.push(("longer".to_owned(), &other.flat));
    parts[1].panels = vec![Panel::new("longer", Colouring::categories(&other.labels))];
    parts[2].neurons = Some(&other.latent);
    parts[3].genes = vec![GeneValues { name: "longer", values: &other.counts }];
    parts[4].cell_names = Some(&other.names);
    for part in &parts {
        let error = report(part).err();
        assert!(matches!(error, Some(PlotError::LengthMismatch { expected: 6, found: 7, .. })), "{error:?}");
    }
    Ok(())
}

#[test]
fn identifiers_are_no_categories() -> TestResult {
    let n_cells = 70_000;
    let points = Embedding::new(Array2::from_shape_fn((n_cells, 2), |(cell, axis)| (cell * (axis + 1)) as f32))?;
    let names: Vec<String> = (0..n_cells).map(|cell| format!("{cell:05}")).collect();
    let labels = Labels::from_texts(&names);
    let panels = vec![Panel::new("barcode", Colouring::categories(&labels))];
    let error = report(&Report { embeddings: vec![("UMAP".to_owned(), &points)], panels, ..Report::default() }).err();
    assert!(matches!(error, Some(PlotError::TooManyCategories { found: 70_000, .. })), "{error:?}");
    Ok(())
}

#[test]
fn reports_that_no_browser_opens_are_refused() -> TestResult {
    let cells = Cells::new(100_000)?;
    let gene = GeneValues { name: HOSTILE[0], values: &cells.counts };
    let error = report(&Report { genes: vec![gene; 3000], ..cells.report()? }).err();
    assert!(matches!(error, Some(PlotError::ReportTooLarge { .. })), "{error:?}");
    Ok(())
}
