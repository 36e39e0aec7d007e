//! The page around the data: everything that can be read without its program.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::assets::{SCRIPT, STYLE, TEMPLATE, content_security_policy};
use super::content::{ContextPage, ReportFigure, TargetPage, TrustTable};
use super::data::category_of;
use super::{Report, table};
use crate::scene::svg::escape;
use crate::ticks::grouped;
use crate::{Figure, PlotError};

/// Pixels of a screen to a point.
const PIXELS_PER_POINT: f64 = 96.0 / 72.0;

/// Puts the parts of a report into the template.
pub(super) fn write_page(report: &Report<'_>, n_shown: usize, data: &str) -> Result<String, PlotError> {
    let mut writer = Writer::default();
    let summary = writer.summary(report)?;
    let pages = writer.pages(report)?;
    let subtitle = match report.subtitle.trim() {
        "" => String::new(),
        subtitle => format!("<p class=\"subtitle\">{}</p>\n", escape(subtitle)),
    };
    Ok(fill(|place| match place {
        "policy" => content_security_policy(),
        "title" => escape(&report.title),
        "style" => STYLE.to_owned(),
        "subtitle" => subtitle.clone(),
        "navigation" => navigation(report),
        "summary" => summary.clone(),
        "sample" => sample_note(report, n_shown),
        "pages" => pages.clone(),
        "data" => data.to_owned(),
        "script" => SCRIPT.to_owned(),
        // A test holds the template to these names.
        _ => String::new(),
    }))
}

/// The template with its places filled, in one pass: what is put in is never searched for places.
fn fill(content_of: impl Fn(&str) -> String) -> String {
    let mut page = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        page.push_str(&content_of(place));
        rest = after;
    }
    page.push_str(rest);
    page
}

fn navigation(report: &Report<'_>) -> String {
    let link = |id: &str, name: &str| format!("<li><a href=\"#{id}\">{}</a></li>\n", escape(name));
    let mut html = format!("<ul>\n{}{}", link("summary", "Summary"), link("embedding", "Embedding"));
    if !report.latent_figures.is_empty() {
        html += &link("latent", "Latent code");
    }
    if report.trust.is_some() {
        html += &link("trust", "Trust");
    }
    html += "</ul>\n";
    if !report.contexts.is_empty() {
        html += "<h2 id=\"contexts-title\">Contexts</h2>\n<ul aria-labelledby=\"contexts-title\">\n";
        for (place, context) in report.contexts.iter().enumerate() {
            html += &link(&format!("context-{}", place + 1), shown_name(&context.name));
        }
        html += "</ul>\n";
    }
    html
}

/// A name that can be seen and clicked: an empty one cannot.
fn shown_name(name: &str) -> &str {
    if name.trim().is_empty() { "(without a name)" } else { name }
}

/// Says that not all cells are shown, when that is so.
fn sample_note(report: &Report<'_>, n_shown: usize) -> String {
    let (n_given, n_total) = (report.n_cells(), report.n_cells_total.unwrap_or(report.n_cells()));
    if n_shown >= n_total {
        return String::new();
    }
    let mut how = Vec::new();
    if n_given < n_total && !report.sample_note.trim().is_empty() {
        how.push(escape(report.sample_note.trim()));
    }
    if n_shown < n_given {
        how.push("evenly spaced in the order of the data".to_owned());
    }
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join("; ")) };
    format!(
        "<p class=\"note sample\"><strong>A sample.</strong> {} of {} cells are shown{how}.</p>\n",
        grouped(n_shown),
        grouped(n_total)
    )
}

/// Writes sections and counts what is numbered.
#[derive(Default)]
struct Writer {
    n_figures: usize,
    n_tables: usize,
}

impl Writer {
    fn summary(&mut self, report: &Report<'_>) -> Result<String, PlotError> {
        let mut html = String::new();
        for warning in &report.warnings {
            html += &format!("<li>{}</li>\n", escape(warning));
        }
        if !html.is_empty() {
            html = format!("<div class=\"warning\"><h3>Please note</h3>\n<ul>\n{html}</ul></div>\n");
        }
        if !report.facts.is_empty() {
            html += "<dl class=\"facts\">\n";
            for (name, value) in &report.facts {
                html += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value));
            }
            html += "</dl>\n";
        }
        html += &self.captioned(&report.summary_figures)?;
        Ok(page("summary", "Summary", "", &html))
    }

    fn pages(&mut self, report: &Report<'_>) -> Result<String, PlotError> {
        let mut html = String::new();
        if !report.latent_figures.is_empty() {
            html += &page("latent", "Latent code", "", &self.captioned(&report.latent_figures)?);
        }
        if let Some(trust) = &report.trust {
            html += &self.trust(trust)?;
        }
        for (place, context) in report.contexts.iter().enumerate() {
            html += &self.context(report, place + 1, context)?;
        }
        Ok(html)
    }

    fn context(&mut self, report: &Report<'_>, number: usize, context: &ContextPage) -> Result<String, PlotError> {
        let id = format!("context-{number}");
        let mut html = format!("<p class=\"lead\">{} cells.", grouped(context.n_cells));
        for (place, target) in context.targets.iter().enumerate().filter(|_| context.targets.len() > 1) {
            let separator = if place == 0 { " Explained: " } else { ", " };
            html += &format!("{separator}<a href=\"#{id}-{}\">{}</a>", place + 1, escape(shown_name(&target.name)));
        }
        html += if context.targets.len() > 1 { ".</p>\n" } else { "</p>\n" };
        if context.targets.is_empty() {
            html += "<p>Nothing was explained in this context.</p>\n";
        }
        for (place, target) in context.targets.iter().enumerate() {
            html += &self.target(&format!("{id}-{}", place + 1), report, context, target)?;
        }
        let link = category_of(report, context).map_or_else(String::new, |(column, category)| {
            format!(" data-column=\"{column}\" data-category=\"{category}\"")
        });
        Ok(page(&id, shown_name(&context.name), &link, &html))
    }

    fn target(
        &mut self,
        id: &str,
        report: &Report<'_>,
        context: &ContextPage,
        target: &TargetPage,
    ) -> Result<String, PlotError> {
        let name = escape(shown_name(&target.name));
        let of = format!("{}, {}", shown_name(&context.name), shown_name(&target.name));
        let neuron = match target.neuron.filter(|_| report.neurons.is_some()) {
            Some(neuron) => format!(" data-neuron=\"{neuron}\""),
            None => String::new(),
        };
        let mut html = format!("<section class=\"target\" aria-labelledby=\"{id}\"{neuron}>\n");
        html += &format!("<h3 id=\"{id}\" tabindex=\"-1\">{name}</h3>\n");
        if let Some(strip) = &target.strip {
            html += &self.figure(strip, &format!("Top genes of {of} on the embedding."))?;
        }
        if target.genes.is_empty() {
            html += "<p class=\"note\">No gene passed the filters.</p>\n";
        } else {
            html += &self.table(&format!("Ranked genes of {of}."), "", &table::genes(&target.genes)?);
        }
        if let Some(figure) = &target.terms_figure {
            html += &self.figure(figure, &format!("Enriched terms of {of}."))?;
        }
        if !target.terms.is_empty() {
            html += &self.table(&format!("Enriched terms of {of}."), "", &table::terms(&target.terms)?);
        }
        Ok(html + "</section>\n")
    }

    fn trust(&mut self, trust: &TrustTable<'_>) -> Result<String, PlotError> {
        let described = if trust.glossary.is_empty() { "" } else { " data-describedby=\"trust-glossary\"" };
        let mut html = self.table(&trust.caption, described, &table::generic(trust.table)?);
        if !trust.glossary.is_empty() {
            html += "<dl class=\"glossary\" id=\"trust-glossary\">\n";
            for (name, meaning) in &trust.glossary {
                html += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(meaning));
            }
            html += "</dl>\n";
        }
        Ok(page("trust", "Trust", "", &html))
    }

    /// A place that the program fills with a table, and the table's data in it.
    fn table(&mut self, caption: &str, attributes: &str, json: &str) -> String {
        self.n_tables += 1;
        format!(
            "<div class=\"data-table\" id=\"table-{0}\"{attributes}>\n<p class=\"caption\" id=\"table-{0}-caption\"><b>Table \
             {0}.</b> {1}</p>\n<script type=\"application/json\">{json}</script>\n</div>\n",
            self.n_tables,
            escape(caption),
        )
    }

    fn captioned(&mut self, figures: &[ReportFigure]) -> Result<String, PlotError> {
        figures.iter().map(|figure| self.figure(&figure.figure, &figure.caption)).collect()
    }

    /// A figure as an image: in a document of its own, its ids cannot meet those of another.
    fn figure(&mut self, figure: &Figure, caption: &str) -> Result<String, PlotError> {
        self.n_figures += 1;
        let (width, height) = (figure.width() * PIXELS_PER_POINT, figure.height() * PIXELS_PER_POINT);
        let svg = STANDARD.encode(figure.to_svg()?);
        let caption = escape(caption);
        Ok(format!(
            "<figure class=\"paper\">\n<div class=\"sheet\"><img src=\"data:image/svg+xml;base64,{svg}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" alt=\"{caption}\" loading=\"lazy\"></div>\n<figcaption><b>Figure {}.</b> {caption}</figcaption>\n</figure>\n",
            self.n_figures
        ))
    }
}

/// A section that the program shows alone.
fn page(id: &str, title: &str, attributes: &str, content: &str) -> String {
    format!(
        "<section class=\"page\" id=\"{id}\" aria-labelledby=\"{id}-title\"{attributes}>\n<h2 id=\"{id}-title\" \
         tabindex=\"-1\">{}</h2>\n{content}</section>\n",
        escape(title)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_template_is_known() {
        let known =
            ["policy", "title", "style", "subtitle", "navigation", "summary", "sample", "pages", "data", "script"];
        let filled = fill(|place| {
            assert!(known.contains(&place), "{place}");
            "{{title}}".to_owned()
        });
        assert_eq!(filled.matches("{{title}}").count(), known.len() + 1, "what is put in is not filled again");
    }

    #[test]
    fn samples_are_told() -> Result<(), concord_core::CoreError> {
        let points = concord_core::Embedding::new(ndarray::Array2::zeros((10, 2)))?;
        let mut report = Report { embeddings: vec![("UMAP".to_owned(), &points)], ..Report::default() };
        assert_eq!(sample_note(&report, 10), "");
        assert!(sample_note(&report, 5).contains("5 of 10 cells are shown (evenly spaced"));
        report.n_cells_total = Some(20_000);
        report.sample_note = "<seed> 7".to_owned();
        assert!(sample_note(&report, 10).contains("10 of 20\u{2009}000 cells are shown (&lt;seed&gt; 7)."));
        assert!(sample_note(&report, 5).contains("(&lt;seed&gt; 7; evenly"));
        Ok(())
    }
}
